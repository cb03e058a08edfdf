import { Backoff } from '../../core/backoff.js';
import { parseDuration } from '../../core/duration.js';
import type { PerJob } from '../../core/job-definition.js';

/**
 * Milliseconds that a custom backoff chooses for the retry after failed run `attempt`. Absent when there is no
 * such function here, it throws, or it returns no duration: the formula decides then.
 */
export function chooseDelay(
  backoff: PerJob<never, Backoff> | undefined,
  attempt: number,
  error: unknown,
  job: object,
): number | undefined {
  try {
    const chosen = typeof backoff === 'function' ? (backoff as (job: object) => Backoff)(job) : backoff;
    const delay = chosen?.choose?.(attempt, error, job);
    return delay === undefined ? undefined : parseDuration(delay, 'Backoff.custom');
  } catch {
    return undefined;
  }
}
