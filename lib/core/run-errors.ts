import { parseDuration, type Duration } from './duration.js';
import { JobsError } from './errors.js';

/**
 * Thrown from `run`: the job is dead at once, reason `non-retryable`.
 * @publicApi
 */
export class NonRetryableError extends JobsError {
  readonly code: 'NON_RETRYABLE' | 'JOB_REFUSED' = 'NON_RETRYABLE';
}

/**
 * A guard said no: the job is dead at once, since the same guard would say it again. A guard that wants the job to be
 * tried again throws instead, such as a `RetryAfterError`.
 * @publicApi
 */
export class JobRefusedError extends NonRetryableError {
  override readonly code = 'JOB_REFUSED';
}

/**
 * Thrown from `run`: a failed attempt like any other, but the retry waits this long instead of the backoff's time.
 * @publicApi
 */
export class RetryAfterError extends JobsError {
  readonly code = 'RETRY_AFTER';
  /** Milliseconds. */
  readonly delay: number;

  constructor(delay: Duration, message = 'The job asked to be retried later', options?: ErrorOptions) {
    super(message, options);
    this.delay = parseDuration(delay, 'RetryAfterError');
  }
}

/**
 * The reason of a signal that aborted because somebody cancelled the job, and what whoever waits for it gets. The message is the
 * reason that was given.
 * @publicApi
 */
export class JobCancelledError extends JobsError {
  readonly code = 'JOB_CANCELLED';
}

/**
 * The reason of a signal that aborted because the run took longer than its `timeout`. A failed attempt.
 * @publicApi
 */
export class JobTimeoutError extends JobsError {
  readonly code = 'JOB_TIMEOUT';
}

/**
 * The reason of a signal that aborted because the lease is lost: another runner may have the job, and what
 * this run returns is dropped.
 * @publicApi
 */
export class LeaseLostError extends JobsError {
  readonly code = 'LEASE_LOST';
}

/**
 * The reason of a signal that aborted because the process stops. The job goes back uncharged.
 * @publicApi
 */
export class ShutdownError extends JobsError {
  readonly code = 'SHUTDOWN';
}
