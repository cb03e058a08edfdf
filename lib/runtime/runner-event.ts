import type { DeadReason, Failure } from '../core/job.js';
import type { Rescued } from '../storage/claims.js';

/**
 * Whose event it is. `attempt` counts from 1.
 * @publicApi
 */
export interface JobReference {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  readonly token: number;
}

/**
 * Why a run was asked to stop.
 * @publicApi
 */
export type AbortKind = 'cancelled' | 'timeout' | 'lost' | 'shutdown';

/**
 * What a runner tells whoever listens. Ends of runs are told once the storage has recorded them. All lengths
 * are milliseconds.
 * @publicApi
 */
export type RunnerEvent = JobEvent | ProcessEvent;

/**
 * News of one job.
 * @publicApi
 */
export type JobEvent = { readonly job: JobReference } &
  /** `waited`: since it was due, by this process's clock; 0 where that is behind the storage's. */
  (
    | { readonly kind: 'started'; readonly waited: number }
    /** What the run reported, when it did so: the storage has it a quarter of a second later. */
    | { readonly kind: 'progressed'; readonly progress: unknown }
    | { readonly kind: 'completed'; readonly duration: number }
    /** Failed, and will be tried again `delay` after its end. */
    | {
        readonly kind: 'retrying';
        readonly duration: number;
        readonly failure: Failure;
        readonly delay: number;
      }
    | {
        readonly kind: 'dead';
        readonly duration: number;
        readonly reason: DeadReason;
        readonly failure?: Failure;
      }
    | { readonly kind: 'snoozed'; readonly duration: number; readonly delay: number }
    | { readonly kind: 'cancelled'; readonly duration: number; readonly reason: string }
    /** Given back uncharged. */
    | { readonly kind: 'released' }
    /** The lease is gone: what this run does no longer counts. */
    | { readonly kind: 'lost' }
    /** The run goes on although its signal aborted long ago: its slot stays taken until it ends, unless it was released. */
    | { readonly kind: 'stuck'; readonly abortedBy: AbortKind; readonly isReleased: boolean }
    /** Completed, but what it returned cannot be stored. */
    | { readonly kind: 'result-dropped'; readonly problem: string }
    /**
     * The run called `context.log`; or, with `level`, it wrote a line through the logger of the application. `source`: who wrote it.
     */
    | {
        readonly kind: 'log';
        readonly message: string;
        readonly level?: 'verbose' | 'debug' | 'log' | 'warn' | 'error' | 'fatal';
        readonly source?: string;
      }
    /** The run goes on without what this carrier restores. */
    | { readonly kind: 'carrier-failed'; readonly carrier: string; readonly error: unknown }
  );

/**
 * News of the runner itself.
 * @publicApi
 */
export type ProcessEvent =
  /** Told once per outage, by whichever part noticed first. */
  | { readonly kind: 'storage-down'; readonly service: string; readonly error: unknown }
  | { readonly kind: 'storage-up' }
  /** A job whose runner let its lease run out, or that nobody took in time, found by this one. */
  | ({ readonly kind: 'rescued' } & Rescued)
  /** What was to happen after a job's death failed; it is not tried again. */
  | {
      readonly kind: 'on-dead-failed';
      readonly id: string;
      readonly name: string;
      readonly queue: string;
      readonly error: unknown;
    }
  /** Something kept the event loop from turning, so that leases were in danger. */
  | { readonly kind: 'loop-blocked'; readonly delay: number; readonly jobs: readonly JobReference[] }
  | { readonly kind: 'schedule-failed'; readonly key: string; readonly error: unknown };
