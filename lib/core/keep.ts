import { parseDuration, type Duration } from './duration.js';
import { checkKnownOptions } from './known-options.js';

/**
 * How long the record of an ended job stays, by how it ended; `false` removes it at once.
 * @publicApi
 */
export interface KeepOptions {
  /** The result is kept along with the record. @default '1h' */
  readonly completed?: Duration | false;
  /** @default '30d' */
  readonly dead?: Duration | false;
  /** @default '1d' */
  readonly cancelled?: Duration | false;
}

/** The same in milliseconds, complete. @publicApi */
export interface Keep {
  readonly completed: number | false;
  readonly dead: number | false;
  readonly cancelled: number | false;
}

const HOUR = 3_600_000;
export const DEFAULT_KEEP: Keep = { completed: HOUR, dead: 30 * 24 * HOUR, cancelled: 24 * HOUR };

/** Fills in what `options` leaves open from `fallback`. */
export function parseKeep(options: KeepOptions, fallback: Keep = DEFAULT_KEEP): Keep {
  checkKnownOptions(options, Object.keys(DEFAULT_KEEP), 'keep');
  const parse = (state: keyof Keep): number | false => {
    const duration = options[state];
    if (duration === undefined) return fallback[state];
    return duration === false ? false : parseDuration(duration, `keep.${state}`);
  };
  return { completed: parse('completed'), dead: parse('dead'), cancelled: parse('cancelled') };
}

/** The same, but nothing less long than `least` milliseconds. */
export function keepAtLeast({ completed, dead, cancelled }: Keep, least: number): Keep {
  const longer = (length: number | false): number => Math.max(Number(length), least);
  return { completed: longer(completed), dead: longer(dead), cancelled: longer(cancelled) };
}
