import { parseDuration, type Duration } from './duration.js';

/**
 * What a run knows of itself. The last argument of `run`.
 * @publicApi
 */
export interface JobContext {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** Which run this is, counted from 1. Lost leases and snoozes do not count. */
  readonly attempt: number;
  /** The runs it may use; `Infinity` with `MaxRetries.infinite`. */
  readonly maxAttempts: number;
  readonly enqueuedAt: Date;
  readonly scheduledFor: Date;
  /**
   * Grows with each lease of this job. Write it along with your effect and refuse smaller ones, and a run that
   * lost its lease without noticing cannot overwrite what its successor did.
   */
  readonly token: number;
  /**
   * Aborts when the run should stop; `signal.reason` is a `JobCancelledError`, `JobTimeoutError`,
   * `LeaseLostError` or `ShutdownError`.
   */
  readonly signal: AbortSignal;
  /** What the job was queued with as `meta`. */
  readonly meta: unknown;
  /** Stores a JSON value that `info` shows. Writes are gathered: the newest value is stored within a second. */
  progress(value: unknown): void;
  /** Writes a line that carries the job's id, through the logger of the application. */
  log(message: string): void;
  /** `return context.snooze('5m')`: run again later. Uses no attempt. */
  snooze(delay: Duration): Snooze;
}

/**
 * Returned from `run`: not done, and not failed either.
 * @publicApi
 */
export class Snooze {
  /** Milliseconds. */
  readonly delay: number;

  constructor(delay: Duration) {
    this.delay = parseDuration(delay, 'snooze');
  }
}
