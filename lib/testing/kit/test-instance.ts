import { isHeld } from '../../core/held-schedule.js';
import type { RunnerOptions } from '../../runtime/runner.js';
import type { Storage } from '../../storage/storage.js';
import type { TestProcess } from './test-process.js';

const LOOKED_AT = 1_000;

/** An instance of the module, as the driver of a test knows it. */
export interface TestInstance {
  readonly storage: Storage;
  /** Absent where it has no workers. */
  runner?: RunnerOptions;
  isReady: boolean;
  /** Of this moment, when its jobs run. */
  process?: TestProcess;
  /** Milliseconds until its next waiting job is due, as it seemed at the last look. */
  nextIn?: number | undefined;
}

export type WorkingInstance = TestInstance & { readonly runner: RunnerOptions };

export function isWorking(instance: TestInstance): instance is WorkingInstance {
  return instance.runner !== undefined;
}

/** When something of it is next due; `Infinity` when nothing waits for a time. Milliseconds since the epoch. */
export async function nextDueAt({ storage, nextIn = Infinity }: TestInstance, now: number): Promise<number> {
  const schedules = await storage.schedules();
  const { jobs } = await storage.list({ state: 'running', limit: LOOKED_AT });
  return Math.min(
    now + nextIn,
    ...schedules.map(({ nextAt }) => (isHeld(nextAt) ? Infinity : nextAt)),
    // What a crash left behind comes back when its lease is over.
    ...jobs.map(({ leaseUntil = Infinity }) => leaseUntil),
  );
}
