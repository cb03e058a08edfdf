import { InvalidOptionError } from './errors.js';

/**
 * How many failed runs are tried again: a whole number from 0, or `'infinite'`. With n retries a job runs at
 * most n + 1 times.
 * @publicApi
 */
export type MaxRetries = number | 'infinite';

/** @publicApi */
export const MaxRetries = {
  /** n retries, so n + 1 runs. `count(0)` is one run. */
  count: (n: number): MaxRetries => checkMaxRetries(n, 'MaxRetries.count'),
  /** Until it works, or somebody cancels it. */
  infinite: 'infinite' as const,
};

export const DEFAULT_MAX_RETRIES = 5;

/** Throws `InvalidOptionError` unless it is a whole number from 0 or `'infinite'`. */
export function checkMaxRetries(value: unknown, option: string): MaxRetries {
  if (value === 'infinite') return value;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new InvalidOptionError(
    `${option}: ${String(value)} is not a whole number from 0, nor MaxRetries.infinite`,
  );
}

/** Whether a job that has failed `attempt` times, the last failure included, is out of retries. */
export function isExhausted(attempt: number, maxRetries: MaxRetries): boolean {
  return maxRetries !== 'infinite' && attempt > maxRetries;
}

/** The runs a job may use; `Infinity` without a limit. */
export function maxAttempts(maxRetries: MaxRetries): number {
  return maxRetries === 'infinite' ? Infinity : maxRetries + 1;
}
