import { Injectable } from '@nestjs/common';
import type { Runner } from '../../runtime/runner.js';

/**
 * Where this process stands with its jobs. `starting`: the application is not up yet. `up`: jobs are taken, or there are no workers
 * here. `draining`: the application closes; no job is taken any more.
 * @publicApi
 */
export type WorkerStage = 'starting' | 'up' | 'draining';

/** What probes and gauges ask of the workers of this process. `JobWorkers` keeps it true. */
@Injectable()
export class WorkerState {
  stage: WorkerStage = 'starting';
  /** Slots by queue; none in a process without workers. */
  slots: Readonly<Record<string, number>> = {};
  /** Code at work by queue. */
  busy: () => ReadonlyMap<string, number> = () => new Map();

  /** To be called with what was started: from now on it is asked. */
  watch(slots: Readonly<Record<string, number>>, runner: Partial<Pick<Runner, 'running'>>): void {
    this.slots = slots;
    this.busy = () => {
      const counts = new Map<string, number>();
      for (const { queue } of runner.running?.() ?? []) counts.set(queue, (counts.get(queue) ?? 0) + 1);
      return counts;
    };
  }
}
