import type { DeadReason, Failure } from './job.js';

/**
 * A job that has died, as its class is told of it.
 * @publicApi
 */
export interface JobDeath {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly reason: DeadReason;
  /** Runs that ended in failure. */
  readonly attempts: number;
  /** The last one; absent when no run failed, as of a job that expired. */
  readonly failure?: Failure;
  /** What it was queued with. */
  readonly meta?: unknown;
}
