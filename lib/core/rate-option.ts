import { parseDuration, type Duration } from './duration.js';
import { InvalidOptionError } from './errors.js';
import { checkKnownOptions } from './known-options.js';
import type { Rate } from './rate.js';

/**
 * So many within a time: `'10/s'`, `'100/m'`, `'500/h'`, `'1000/d'`, `'3/10s'`, or `{ count: 3, per: '10s' }`.
 * @publicApi
 */
export type RateOption = string | { readonly count: number; readonly per: Duration };

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST = 31 * 86_400_000;
const MOST = 1_000_000;

/** Throws `InvalidOptionError` naming `where`. */
export function parseRate(option: RateOption, where: string): Rate {
  const { count, per } = typeof option === 'string' ? readText(option, where) : readObject(option, where);
  if (!Number.isInteger(count) || count < 1 || count > MOST) {
    throw new InvalidOptionError(`${where}: ${String(count)} is not a whole number from 1 to ${MOST}`);
  }
  if (per >= 1 && per <= LONGEST) return { count, per };
  throw new InvalidOptionError(`${where}: a rate is per 1 ms to 31 days, not per ${per} ms`);
}

function readText(text: string, where: string): Rate {
  const [, count = '', times = '', unit = ''] = /^(\d+)\/(\d*)(ms|s|m|h|d)$/.exec(text) ?? [];
  const length = UNITS[unit];
  if (length !== undefined) return { count: Number(count), per: Number(times || 1) * length };
  throw new InvalidOptionError(`${where}: '${text}' is not a rate such as '10/s', '100/m' or '3/10s'`);
}

function readObject(option: Exclude<RateOption, string>, where: string): Rate {
  if (typeof option !== 'object' || option === null) {
    throw new InvalidOptionError(
      `${where}: ${JSON.stringify(option)} is not a rate such as '10/s' or { count, per }`,
    );
  }
  checkKnownOptions(option, ['count', 'per'], where);
  return { count: option.count, per: parseDuration(option.per, `${where}.per`) };
}
