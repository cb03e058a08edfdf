import { Injectable } from '@nestjs/common';
import { QueueHandle } from '../../client/queue-handle.js';
import type { QueueHandleOptions } from '../../client/queue-handle-options.js';
import { systemChance, systemClock, type Chance, type Clock } from '../../core/clock.js';
import { Runner, type RunnerOptions } from '../../runtime/runner.js';
import type { Storage } from '../../storage/storage.js';

/** What the module takes from outside of the application, in one place, so that a test can put another there. */
@Injectable()
export class Surroundings {
  readonly clock: Clock = systemClock;
  readonly chance: Chance = systemChance;

  createQueueHandle(storage: Storage, options: QueueHandleOptions): QueueHandle {
    return new QueueHandle(storage, options);
  }

  createRunner(options: RunnerOptions): RunnerPart {
    return new Runner(options);
  }
}

/** A runner as the module needs it; what stands in for one in a test may have nothing to show. */
export type RunnerPart = Pick<Runner, 'add' | 'start' | 'stop'> & Partial<Pick<Runner, 'running'>>;
