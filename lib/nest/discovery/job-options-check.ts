import { parseDuration } from '../../core/duration.js';
import { Backoff } from '../../core/backoff.js';
import { InvalidOptionError } from '../../core/errors.js';
import { JOB_OPTIONS, type JobOptions } from '../../core/job-definition.js';
import { parseKeep } from '../../core/keep.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkMaxRetries } from '../../core/max-retries.js';
import { claimOf } from '../../client/enqueue/unique-key.js';
import { uniquenessOf } from '../../client/enqueue/uniqueness.js';
import { checkName } from '../../core/name.js';
import { parseOrder } from '../../core/order-options.js';

/**
 * Finds out at boot what would otherwise fail with the first job. What a function decides shows only then.
 * Throws `InvalidOptionError`.
 */
export function checkJobOptions<J>(options: JobOptions<J>, where: string): void {
  checkKnownOptions(options, JOB_OPTIONS, where);
  const { queue, group, priority, maxRetries, backoff, timeout, keep, order, expiresIn } = options;
  if (isValue(queue)) checkName(queue, `${where}: queue`);
  if (isValue(group)) checkName(group, `${where}: group`);
  if (isValue(priority) && !Number.isInteger(priority)) {
    throw new InvalidOptionError(`${where}: priority ${String(priority)} is not a whole number`);
  }
  if (isValue(maxRetries)) checkMaxRetries(maxRetries, `${where}: maxRetries`);
  if (isValue(backoff) && !(backoff instanceof Backoff)) {
    throw new InvalidOptionError(`${where}: backoff must come from Backoff.exponential, .linear or .custom`);
  }
  if (isValue(timeout) && parseDuration(timeout, `${where}: timeout`) === 0) {
    throw new InvalidOptionError(`${where}: timeout must be longer than 0; leave it out for no limit`);
  }
  if (isValue(expiresIn) && parseDuration(expiresIn, `${where}: expiresIn`) === 0) {
    throw new InvalidOptionError(`${where}: expiresIn must be longer than 0`);
  }
  if (isValue(order)) parseOrder(order, `${where}: order`, isValue(priority) ? priority : 0);
  checkUniqueness(options, where);
  if (keep !== undefined) parseKeep(keep);
}

function checkUniqueness<J>({ unique, debounce, throttle }: JobOptions<J>, where: string): void {
  if ([unique, debounce, throttle].filter((option) => option !== undefined).length > 1) {
    throw new InvalidOptionError(`${where}: give one of unique, debounce and throttle`);
  }
  const asked = uniquenessOf(
    {},
    {
      ...(isValue(unique) && { unique }),
      ...(isValue(debounce) && { debounce }),
      ...(isValue(throttle) && { throttle }),
    },
  );
  if (asked) claimOf('name', 'queue', asked.unique);
}

function isValue<Option>(
  option: Option,
): option is Exclude<Option, undefined | ((...values: never[]) => unknown)> {
  return option !== undefined && typeof option !== 'function';
}
