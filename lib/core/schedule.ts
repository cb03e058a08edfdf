import { CronTimes } from './cron.js';

/**
 * When a schedule ticks: once per interval, or when a cron expression comes. Flat data, so that two can be compared.
 * @publicApi
 */
export type Timing = EveryTiming | CronTiming;

/** Once per interval, counted from the first tick. @publicApi */
export interface EveryTiming {
  readonly kind: 'every';
  /** Milliseconds. */
  readonly interval: number;
}

/** Whenever the clock on a wall of the time zone shows a time that fits. @publicApi */
export interface CronTiming {
  readonly kind: 'cron';
  /** Five fields, or six with the seconds in front. */
  readonly expression: string;
  /** IANA name. */
  readonly timeZone: string;
  /** Milliseconds that the job of each tick comes after its tick: the schedule's own part of the jitter. @default 0 */
  readonly offset?: number;
}

/**
 * What happens with ticks that came and went while no process was there: none, one for all, or each up to a number.
 * @publicApi
 */
export type MissedPolicy = 'skip' | 'last' | { readonly all: number };

/** Whether a tick makes a job while the job of the tick before has not ended. @publicApi */
export type OverlapPolicy = 'allow' | 'skip';

/** How many missed ticks make a job each, at most: a process that comes back after a year must not drown. */
export const MOST_MISSED = 1000;

/** The watermark of a schedule that had a step before its first tick. */
export const NO_TICK = 0;

/** Where a schedule stands. Milliseconds since the epoch. */
export interface Progress {
  readonly timing: Timing;
  /** When to look at it next: its next tick and the offset, or any earlier moment from which on ticks count. */
  readonly nextAt: number;
  /** The newest tick dealt with. */
  readonly watermark?: number;
}

/** What is to be done about a schedule whose `nextAt` has come. */
export interface DueTicks {
  /** The ticks that make a job each, oldest first. */
  readonly fire: readonly number[];
  /** The newest tick dealt with, fired or skipped: the new watermark. */
  readonly watermark: number;
  /** When the first tick still to come makes its job. */
  readonly nextAt: number;
}

// A tick that a busy or just restarted process comes to within a minute is late, not missed.
const LATE = 60_000;

/**
 * Decides which ticks from `nextAt` up to `now` fire, and which tick comes next. `nextAt` must have come. Throws
 * when the timing cannot be computed, or has no next tick.
 */
export function dueTicks(progress: Progress, now: number, missed: MissedPolicy): DueTicks {
  const { timing, nextAt, watermark = -Infinity } = progress;
  const ticks = ticksOf(timing, nextAt);
  const offset = offsetOf(timing);
  const until = now - offset;
  // A tick of the wall's clock that was dealt with stays so, though a new declaration would let it come once more.
  const from = timing.kind === 'cron' ? Math.max(nextAt - offset, watermark + 1) : nextAt;
  const newest = from > until ? [] : ticks.newest(typeof missed === 'object' ? missed.all : 1, from, until);
  const last = newest.at(-1);
  const isMissed = last !== undefined && until - last >= LATE;
  const next = ticks.after(until);
  if (next === undefined || !(next > until)) throw new RangeError(`No tick comes after ${until}`);
  return {
    fire: missed === 'skip' && isMissed ? [] : newest,
    watermark: last ?? progress.watermark ?? NO_TICK,
    nextAt: next + offset,
  };
}

/** The next `count` ticks after `now`, their offset included: when their jobs will be made. Fewer where no more come. */
export function comingTicks({ timing, nextAt }: Progress, now: number, count: number): readonly number[] {
  const ticks = ticksOf(timing, nextAt);
  const offset = offsetOf(timing);
  const coming: number[] = [];
  for (let time: number | undefined = now - offset; coming.length < count;) {
    time = ticks.after(time);
    if (time === undefined) break;
    coming.push(time + offset);
  }
  return coming;
}

/** When a schedule that was held back goes on: in its rhythm, and with what comes from now on. */
export function resumeAt({ timing, watermark }: Omit<Progress, 'nextAt'>, now: number): number {
  if (timing.kind === 'cron' || watermark === undefined || watermark === NO_TICK) return now;
  return ticksOf(timing, watermark).after(now) ?? now;
}

/** Whether both tick at the same times, whatever kind they are of: timings are flat data. */
export function isSameTiming(a: Timing, b: Timing): boolean {
  const fields = Object.entries(a);
  const others = new Map<string, unknown>(Object.entries(b));
  return fields.length === others.size && fields.every(([field, value]) => others.get(field) === value);
}

/** The moments at which a timing ticks. */
interface Ticks {
  after(time: number): number | undefined;
  newest(count: number, from: number, until: number): readonly number[];
}

function ticksOf(timing: Timing, anchor: number): Ticks {
  switch (timing.kind) {
    case 'every':
      return new Rhythm(timing.interval, anchor);
    case 'cron':
      return new CronTimes(timing.expression, timing.timeZone);
    default:
      // A newer version of this library may have stored it.
      throw new RangeError(`Unknown kind of timing: ${JSON.stringify(timing)}`);
  }
}

function offsetOf(timing: Timing): number {
  return timing.kind === 'cron' ? (timing.offset ?? 0) : 0;
}

/** A tick at the anchor, and one per interval before and after it. */
class Rhythm implements Ticks {
  readonly #interval: number;
  readonly #anchor: number;

  constructor(interval: number, anchor: number) {
    this.#interval = interval;
    this.#anchor = anchor;
  }

  after(time: number): number {
    return this.#upTo(time) + this.#interval;
  }

  newest(count: number, from: number, until: number): readonly number[] {
    const last = this.#upTo(until);
    const length = Math.min(Math.floor((last - from) / this.#interval) + 1, count);
    if (!(length > 0)) return [];
    return Array.from({ length }, (_, index) => last - (length - 1 - index) * this.#interval);
  }

  #upTo(time: number): number {
    return this.#anchor + Math.floor((time - this.#anchor) / this.#interval) * this.#interval;
  }
}
