import type { SettledDependency } from './dependency.js';

/** Where a job stands. `docs/architecture.md` has the picture. @publicApi */
export type JobState =
  'blocked' | 'scheduled' | 'ready' | 'running' | 'retrying' | 'completed' | 'dead' | 'cancelled';

/** Why a job is `dead`. @publicApi */
export type DeadReason = 'retries-exhausted' | 'non-retryable' | 'invalid-payload' | 'stalled' | 'expired';

/** One failed run, bounded so that no error text can make its own record impossible to write. @publicApi */
export interface Failure {
  /** The class of what was thrown, `Error` when it had none. At most 128 characters. */
  readonly name: string;
  /** At most 8 KiB, NUL stripped. */
  readonly message: string;
  /** At most 16 KiB, NUL stripped. */
  readonly stack?: string;
}

/** A failure as a storage keeps it. @publicApi */
export interface RecordedFailure extends Failure {
  /** Which run failed, counted from 1. */
  readonly attempt: number;
  /** Milliseconds since the epoch, by the storage's clock. */
  readonly at: number;
}

/** How many failures a record keeps: the newest ones. @publicApi */
export const FAILURES_KEPT = 10;

/** Whom a job belongs to while it runs: a write that carries another token changes nothing. @publicApi */
export interface Lease {
  readonly id: string;
  /** Grows by one with each `pop` of the job. */
  readonly token: number;
}

/** A job as `pop` hands it to a runner. @publicApi */
export interface LeasedJob extends Lease {
  readonly name: string;
  readonly queue: string;
  /** The encoded payload, exactly as it was pushed. */
  readonly payload: string;
  /** The encoded policy, exactly as it was pushed; `decodePolicy` reads it. */
  readonly policy: string;
  readonly priority: number;
  /** Runs that ended in failure so far. */
  readonly attempt: number;
  /** Leases lost in a row. */
  readonly stalls: number;
  /** Milliseconds since the epoch. */
  readonly enqueuedAt: number;
  /** Due at; milliseconds since the epoch. */
  readonly runAt: number;
  readonly group?: string;
  /** The encoded `meta` of the job. */
  readonly meta?: string;
  /** The composition it is part of. */
  readonly flow?: string;
  /** What it waited for, in the order it was pushed with, and what became of each. */
  readonly after?: readonly SettledDependency[];
}

/**
 * All that a storage knows of a job. Times are milliseconds since the epoch by the storage's clock.
 * @publicApi
 */
export interface JobRecord extends LeasedJob {
  readonly state: JobState;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Set while `running`. */
  readonly leaseUntil?: number;
  /** The runner that holds the lease, set while `running`. */
  readonly runner?: string;
  /** Set when `dead`. */
  readonly reason?: DeadReason;
  /** Set once somebody asked for the job's end: at once when it waited, pending while it runs. */
  readonly cancelReason?: string;
  readonly uniqueKey?: string;
  /** Set until it is claimed for the first time: from then on it is `dead: expired`. */
  readonly expiresAt?: number;
  /** Encoded value of the last `progress` report. */
  readonly progress?: string;
  /** Encoded result of the completed run. */
  readonly result?: string;
  /** The newest last, at most `FAILURES_KEPT`. */
  readonly failures: readonly RecordedFailure[];
}
