import type { Rate } from '../core/rate.js';
import type { JobRecord, JobState } from '../core/job.js';

/** Which records to list. All that is given must match. @publicApi */
export interface JobQuery {
  /** As a reader sees them: a scheduled job whose time has come is `ready`. */
  readonly state?: JobState;
  readonly queue?: string;
  readonly name?: string;
  readonly group?: string;
  readonly uniqueKey?: string;
  readonly flow?: string;
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

/**
 * One queue in numbers. A queue is known once a job was pushed to it. Jobs are counted in the state that their record shows:
 * one that nobody took in time is `ready`, or `scheduled`, until it is swept up.
 * @publicApi
 */
export interface QueueStats {
  readonly queue: string;
  /** Jobs that wait for others. */
  readonly blocked: number;
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
  /** When the job that has waited longest became due, wherever it stands; absent when none is ready. Milliseconds since the epoch. */
  readonly oldestReadyAt?: number;
  /** Set while the queue is paused. */
  readonly paused?: { readonly at: number; readonly reason: string };
  /** Set while the queue has limits. */
  readonly limits?: QueueLimits;
  /** What ended of late; absent where the storage does not count it. */
  readonly recent?: Readonly<Record<'hour' | 'day' | 'month', Ended>>;
}

/**
 * Jobs that completed and runs that failed, within the last hour, 24 hours or 30 days. Counted in steps of five minutes, hours
 * and days: the oldest step counts whole.
 * @publicApi
 */
export interface Ended {
  readonly completed: number;
  readonly failed: number;
}

/** One group of a queue, as long as jobs of it wait or run or it is paused. @publicApi */
export interface GroupStats {
  /** Jobs that have not ended and do not run, due or not. */
  readonly waiting: number;
  readonly running: number;
  readonly paused?: { readonly at: number; readonly reason: string };
  /** When its rate lets a job start again; absent where it does now. Milliseconds since the epoch. */
  readonly startsAgainAt?: number;
}

/**
 * Bounds on a queue that hold for all runners together, always and exactly: no crash and no rival makes more run, and
 * what a crashed runner held counts until it is rescued. Absent: unbounded.
 * @publicApi
 */
export interface QueueLimits {
  /** Jobs that run at once, from 1. */
  readonly concurrency?: number;
  /** Jobs that start. A job that runs again counts again. */
  readonly rate?: Rate;
  /** For each group by itself. Jobs without a group count as none. */
  readonly groups?: { readonly concurrency?: number; readonly rate?: Rate };
}

/** What an operator may change of a job that waits. @publicApi */
export interface JobChange {
  readonly queue?: string;
  readonly priority?: number;
  /** Milliseconds from now, or, of a job that waits for others, from when it is free; 0 promotes. */
  readonly delay?: number;
}

/** How jobs start again. @publicApi */
export interface RetryOptions {
  /** In another queue than theirs. */
  readonly queue?: string;
  /** Milliseconds from now. @default 0 */
  readonly delay?: number;
}

/** What became of asking a job to end: done, asked for (it runs), or impossible. @publicApi */
export type CancelResult = 'cancelled' | 'requested' | 'ended' | 'unknown';

/** What became of asking for the deletion of a record. @publicApi */
export type RemoveResult = 'removed' | 'running' | 'unknown';
