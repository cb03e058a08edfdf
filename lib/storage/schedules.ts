import type { MissedPolicy, OverlapPolicy, Timing } from '../core/schedule.js';
import type { NewJob } from './new-job.js';

/** What a tick enqueues: a job but for its id and its time. @publicApi */
export type JobTemplate = Omit<NewJob, 'id' | 'due' | 'flow' | 'after'>;

/** A schedule as it is declared. @publicApi */
export interface NewSchedule {
  readonly key: string;
  readonly timing: Timing;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly template: JobTemplate;
  /** Set when a job class declares it; absent when it was declared at run time. */
  readonly origin?: 'class';
  /** Milliseconds from now until the first tick; used when the key is new or the timing changed. */
  readonly firstIn: number;
}

/** A schedule as it is stored. Times are milliseconds since the epoch by the storage's clock. @publicApi */
export interface Schedule extends Omit<NewSchedule, 'firstIn'> {
  /** When to look at it next: its next tick, or any moment before that. */
  readonly nextAt: number;
  /** The newest tick dealt with, 0 before the first: it only grows, also when the declaration changes or clocks go back. */
  readonly watermark?: number;
  /** The newest job that a tick made. */
  readonly lastJob?: string;
}

/** Schedules whose tick has come, by the storage's clock. @publicApi */
export interface DueSchedules {
  readonly now: number;
  readonly due: readonly Schedule[];
  /** Milliseconds until the next tick of any other; absent when there is none. */
  readonly nextIn?: number;
}

/**
 * One step of a schedule. It happens wholly, jobs included, or not at all: only if `nextAt` is still what the
 * schedule says, so that of all processes that try the same step one succeeds.
 * @publicApi
 */
export interface Firing {
  readonly key: string;
  /** The tick as it was read. */
  readonly expected: number;
  readonly watermark: number;
  readonly nextAt: number;
  /** One for each tick fired. */
  readonly jobs: readonly NewJob[];
}
