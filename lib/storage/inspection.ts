import type { JobRecord, JobState } from '../core/job.js';

/** Which records to list. All that is given must match. @publicApi */
export interface JobQuery {
  /** As a reader sees them: a scheduled job whose time has come is `ready`. */
  readonly state?: JobState;
  readonly queue?: string;
  readonly name?: string;
  readonly group?: string;
  readonly uniqueKey?: string;
  /** From 1 to 1000. */
  readonly limit: number;
  /** From the page before: the list goes on behind it. */
  readonly cursor?: string;
}

/**
 * A page, the job that arrived last first. Pages never repeat a job, whatever arrives between two calls.
 * @publicApi
 */
export interface JobPage {
  readonly jobs: readonly JobRecord[];
  /** Absent on the last page. */
  readonly cursor?: string;
}

/** One queue in numbers. A queue is known once a job was pushed to it. @publicApi */
export interface QueueStats {
  readonly queue: string;
  readonly ready: number;
  readonly scheduled: number;
  readonly running: number;
  readonly retrying: number;
  /** Dead jobs whose record is kept. */
  readonly dead: number;
  /** Jobs that completed since `since`, kept or not. */
  readonly completed: number;
  /** Runs that failed since `since`, retried or not. */
  readonly failed: number;
  /** Milliseconds since the epoch: when counting began. */
  readonly since: number;
  /** When the job that has waited longest became due; absent when none is ready. Milliseconds since the epoch. */
  readonly oldestReadyAt?: number;
  /** Set while the queue is paused. */
  readonly paused?: { readonly at: number; readonly reason: string };
}

/** Bounds on a queue that hold for all runners together. Absent: unbounded. @publicApi */
export interface QueueLimits {
  readonly concurrency?: number;
  readonly rate?: { readonly count: number; readonly per: number };
}

/** What an operator may change of a job that waits. @publicApi */
export interface JobChange {
  readonly queue?: string;
  readonly priority?: number;
  /** Milliseconds from now; 0 promotes. */
  readonly delay?: number;
}

/** What became of asking a job to end: done, asked for (it runs), or impossible. @publicApi */
export type CancelResult = 'cancelled' | 'requested' | 'ended' | 'unknown';

/** What became of asking for the deletion of a record. @publicApi */
export type RemoveResult = 'removed' | 'running' | 'unknown';
