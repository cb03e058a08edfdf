import { JobsError } from './errors.js';
import type { DeadReason, RecordedFailure } from './job.js';

/**
 * Somebody waited for the result of a job that is dead.
 * @publicApi
 */
export class JobDeadError extends JobsError {
  readonly code = 'JOB_DEAD';

  constructor(
    readonly id: string,
    readonly reason: DeadReason,
    /** The last one; absent when no run failed, as of a job that expired. */
    readonly failure?: RecordedFailure,
  ) {
    const cause = failure === undefined ? '' : `: ${failure.name}: ${failure.message}`;
    super(`Job ${id} is dead (${reason})${cause}`);
  }
}

/**
 * Somebody waited for a job longer than they wanted to. The job is as it was.
 * @publicApi
 */
export class WaitTimeoutError extends JobsError {
  readonly code = 'WAIT_TIMEOUT';

  constructor(
    readonly id: string,
    /** Milliseconds. */
    timeout: number,
  ) {
    super(`Job ${id} did not end within ${timeout} ms; it goes on`);
  }
}

/**
 * Somebody waited for a job that the storage does not know: there never was one with this id, or its record was not kept.
 * @publicApi
 */
export class JobUnknownError extends JobsError {
  readonly code = 'JOB_UNKNOWN';

  constructor(
    readonly id: string,
    /** The record was there while somebody waited: the job has ended, nobody knows how. */
    readonly wasThere: boolean,
  ) {
    super(
      wasThere
        ? `Job ${id} has ended, and its record was not kept: nobody knows how. Keep it longer (keep) to wait for it`
        : `Job ${id} is unknown: there was none with this id, or it has ended and its record was not kept`,
    );
  }
}

/**
 * Somebody waited for the result of a job that has completed, but what it returned could not be stored.
 * @publicApi
 */
export class ResultLostError extends JobsError {
  readonly code = 'RESULT_LOST';

  constructor(
    readonly id: string,
    problem: string,
  ) {
    super(`Job ${id} has completed, but what it returned could not be stored: ${problem}`);
  }
}
