import { nextStartAt, startsLeft, withStarts, type Rate, type StartGroup } from '../core/rate.js';
import type { QueueLimits } from './inspection.js';

/** What a queue or a group is bounded by. */
export interface Bounds {
  readonly concurrency?: number;
  readonly rate?: Rate;
}

/** How many jobs may start now. `opensAt`: when the time alone will let one. */
export interface Room {
  readonly count: number;
  readonly opensAt?: number;
}

/** What is left within the bounds. */
export function roomOf(bounds: Bounds, running: number, starts: readonly StartGroup[], now: number): Room {
  const { concurrency = Infinity, rate } = bounds;
  const free = concurrency - running;
  if (free <= 0) return { count: 0 };
  if (rate === undefined) return { count: free };
  const left = startsLeft(rate, starts, now);
  return left > 0 ? { count: Math.min(free, left) } : { count: 0, opensAt: nextStartAt(rate, starts, now) };
}

/** The starts to remember, as they are stored. */
export function storedStarts(
  { rate }: Bounds,
  starts: readonly StartGroup[],
  now: number,
  count: number,
): string | null {
  return rate === undefined ? null : JSON.stringify(withStarts(rate, starts, now, count));
}

export function limitsOf(text: unknown): QueueLimits {
  return typeof text === 'string' ? (JSON.parse(text) as QueueLimits) : {};
}

export function startsOf(text: unknown): readonly StartGroup[] {
  return typeof text === 'string' ? (JSON.parse(text) as StartGroup[]) : [];
}
