import ms, { type StringValue } from 'ms';
import { InvalidOptionError } from './errors.js';

/**
 * A length of time: milliseconds as a number, or text such as `'10s'`, `'5m'`, `'1h'`, `'2 days'`.
 * @publicApi
 */
export type Duration = number | StringValue;

/** Ten years. What would wait longer waits this long: far beyond any plan, near enough for any clock. */
export const LONGEST_DELAY = 10 * 365.25 * 24 * 3600 * 1000;

/** Milliseconds of a duration, whole and from 0 to `LONGEST_DELAY`. Throws `InvalidOptionError` naming `option`. */
export function parseDuration(duration: Duration, option: string): number {
  const length = typeof duration === 'string' ? parse(duration) : duration;
  if (typeof length !== 'number' || Number.isNaN(length) || length < 0) {
    throw new InvalidOptionError(
      `${option}: ${JSON.stringify(duration)} is not a duration. Use milliseconds or text such as '10s', '5m', '1h'`,
    );
  }
  return Math.min(Math.round(length), LONGEST_DELAY);
}

// The package throws for text that is empty or over 100 characters, and gives undefined for other nonsense.
function parse(text: StringValue): number | undefined {
  try {
    return ms(text);
  } catch {
    return undefined;
  }
}
