import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { parseRate, type RateOption } from '../../core/rate-option.js';
import type { QueueLimits } from '../../storage/inspection.js';

/**
 * Bounds on one queue, for all processes together: exact, and they survive whoever crashes. Nothing is bounded that is
 * not named. Needs the capability `limits`, for `groups` also `groups`.
 * @publicApi
 */
export interface QueueLimitsOptions extends LimitOptions {
  /** For each group by itself. Jobs without a group are not bounded by it. */
  readonly groups?: LimitOptions;
}

/** How many jobs, and how often. @publicApi */
export interface LimitOptions {
  /** Jobs that run at once, a whole number from 1. With 1, the jobs run strictly one after another. */
  readonly concurrency?: number;
  /** Jobs that start, such as `'10/s'`. Each run counts, also that of a retry. */
  readonly rate?: RateOption;
}

const MOST = 1_000_000;

/** Throws `InvalidOptionError` that names what is wrong. */
export function parseQueueLimits(options: QueueLimitsOptions, where: string): QueueLimits {
  checkObject(options, where);
  checkKnownOptions(options, ['concurrency', 'rate', 'groups'], where);
  const { groups, ...own } = options;
  const parsed = parseLimits(own, where);
  if (groups === undefined) return parsed;
  checkObject(groups, `${where}.groups`);
  checkKnownOptions(groups, ['concurrency', 'rate'], `${where}.groups`);
  const ofGroups = parseLimits(groups, `${where}.groups`);
  return Object.keys(ofGroups).length === 0 ? parsed : { ...parsed, groups: ofGroups };
}

/** Whether there is any bound at all. */
export function isBounded(limits: QueueLimits): boolean {
  return Object.keys(limits).length > 0;
}

function parseLimits(
  { concurrency, rate }: LimitOptions,
  where: string,
): Pick<QueueLimits, 'concurrency' | 'rate'> {
  if (
    concurrency !== undefined &&
    !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MOST)
  ) {
    throw new InvalidOptionError(
      `${where}.concurrency: ${String(concurrency)} is not a whole number from 1 to ${MOST}; pause the queue to stop it`,
    );
  }
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate: parseRate(rate, `${where}.rate`) }),
  };
}

function checkObject(options: unknown, where: string): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new InvalidOptionError(
    `${where}: ${JSON.stringify(options)} is not an object such as { concurrency: 3, rate: '10/s' }`,
  );
}
