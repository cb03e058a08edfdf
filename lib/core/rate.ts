/** At most `count` starts within any `per` milliseconds. @publicApi */
export interface Rate {
  readonly count: number;
  readonly per: number;
}

/**
 * Starts close to one another that are remembered as one: when the first and the last of them were, and how many. All
 * count until the last has left the window, so that the rate is kept and never nearly kept.
 */
export type StartGroup = readonly [first: number, last: number, count: number];

/** How many groups a window is remembered as: a freed start comes a sixteenth of `per` late at most. */
const GROUPS = 16;

/** The starts that still count, as a storage keeps them. */
export function startsWithin(rate: Rate, starts: readonly StartGroup[], now: number): readonly StartGroup[] {
  return starts.filter(([, last]) => last + rate.per > now);
}

/** How many jobs may start now. */
export function startsLeft(rate: Rate, starts: readonly StartGroup[], now: number): number {
  const used = startsWithin(rate, starts, now).reduce((sum, [, , count]) => sum + count, 0);
  return Math.max(0, rate.count - used);
}

/** The starts to remember once `count` jobs have started now. */
export function withStarts(
  rate: Rate,
  starts: readonly StartGroup[],
  now: number,
  count: number,
): readonly StartGroup[] {
  const kept = startsWithin(rate, starts, now);
  const newest = kept.at(-1);
  if (count === 0) return kept;
  if (newest === undefined || now - newest[0] >= rate.per / GROUPS) return [...kept, [now, now, count]];
  return [...kept.slice(0, -1), [newest[0], now, newest[2] + count]];
}

/** When at least one job may start, if no other starts before: now, where one may at once. */
export function nextStartAt(rate: Rate, starts: readonly StartGroup[], now: number): number {
  const kept = startsWithin(rate, starts, now);
  let used = kept.reduce((sum, [, , count]) => sum + count, 0);
  for (const [, last, count] of kept) {
    if (used < rate.count) return now;
    used -= count;
    if (used < rate.count) return last + rate.per;
  }
  return now;
}
