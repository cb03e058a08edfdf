import { LONGEST_DELAY, parseDuration, type Duration } from './duration.js';
import { InvalidOptionError } from './errors.js';
import { checkKnownOptions } from './known-options.js';

/** Options of both formulas. @publicApi */
export interface BackoffOptions {
  /** No wait is longer than this, jitter included. @default ten years */
  readonly max?: Duration;
  /**
   * Spreads each wait evenly over `wait × (1 − jitter)` to `wait × (1 + jitter)`, so that jobs that failed
   * together do not come back together. From 0 to 1. @default 0
   */
  readonly jitter?: number;
}

/** Chooses the wait before the retry that follows failed run `attempt` (from 1). @publicApi */
export type BackoffFunction = (attempt: number, error: unknown, job: object) => Duration;

/** A backoff as it is stored with the job. Milliseconds; `base` and `seconds` as given. @publicApi */
export type BackoffFormula =
  | { readonly kind: 'exponential'; readonly base: number; readonly max?: number; readonly jitter?: number }
  | { readonly kind: 'linear'; readonly seconds: number; readonly max?: number; readonly jitter?: number }
  | { readonly kind: 'custom' };

/**
 * How long a failed job waits before it is tried again.
 * @publicApi
 */
export class Backoff {
  private constructor(
    readonly formula: BackoffFormula,
    /** Set when the formula is `custom`: code is not stored, so the process that runs the job supplies it. */
    readonly choose?: BackoffFunction,
  ) {}

  /** Waits `base^k` seconds before retry k. The default is `exponential(2)`: 2, 4, 8, 16, 32 s. */
  static exponential(base: number, options: BackoffOptions = {}): Backoff {
    checkFactor(base, 'Backoff.exponential');
    return new Backoff({ kind: 'exponential', base, ...bounds(options) });
  }

  /** Waits the same number of seconds before each retry. */
  static linear(seconds: number, options: BackoffOptions = {}): Backoff {
    checkFactor(seconds, 'Backoff.linear');
    return new Backoff({ kind: 'linear', seconds, ...bounds(options) });
  }

  /**
   * Asks a function of yours each time. Should it throw, or return no duration, the default applies; likewise
   * in a process that does not know the job's class.
   */
  static custom(choose: BackoffFunction): Backoff {
    return new Backoff({ kind: 'custom' }, choose);
  }
}

export const DEFAULT_BACKOFF = Backoff.exponential(2);

/** Milliseconds before retry `retry` (from 1). `random` is from 0 up to 1 and matters only with jitter. */
export function delayBeforeRetry(formula: BackoffFormula, retry: number, random: number): number {
  if (formula.kind === 'custom') return delayBeforeRetry(DEFAULT_BACKOFF.formula, retry, random);
  const seconds = formula.kind === 'linear' ? formula.seconds : formula.base ** retry;
  const longest = Math.min(formula.max ?? LONGEST_DELAY, LONGEST_DELAY);
  // base^k leaves the numbers that a date can hold, and in the end all numbers, long before retries run out.
  const wait = Math.min(seconds * 1000, LONGEST_DELAY) * (1 + (formula.jitter ?? 0) * (2 * random - 1));
  return Math.round(Math.min(wait, longest));
}

function checkFactor(value: number, factory: string): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new InvalidOptionError(`${factory}: ${String(value)} is not a number of seconds from 0`);
}

function bounds(options: BackoffOptions): { max?: number; jitter?: number } {
  checkKnownOptions(options, ['max', 'jitter'], 'Backoff');
  const { max, jitter } = options;
  if (jitter !== undefined && !(jitter >= 0 && jitter <= 1)) {
    throw new InvalidOptionError(`Backoff: jitter ${String(jitter)} is not a number from 0 to 1`);
  }
  return {
    ...(max === undefined ? {} : { max: parseDuration(max, 'Backoff: max') }),
    ...(jitter === undefined ? {} : { jitter }),
  };
}
