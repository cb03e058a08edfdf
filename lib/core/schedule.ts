/** When a schedule ticks. Times and lengths in milliseconds. @publicApi */
export type Timing = { readonly kind: 'every'; readonly interval: number };

/**
 * What happens with ticks that came and went while no process was there: none, one for all, or each up to a number.
 * @publicApi
 */
export type MissedPolicy = 'skip' | 'last' | { readonly all: number };

/** Whether a tick makes a job while the job of the tick before has not ended. @publicApi */
export type OverlapPolicy = 'allow' | 'skip';

/** The tick that follows `tick`. */
export function tickAfter(timing: Timing, tick: number): number {
  return tick + timing.interval;
}

/** What is to be done about a schedule whose `nextAt` has come. */
export interface DueTicks {
  /** The ticks that make a job each, oldest first. */
  readonly fire: readonly number[];
  /** The newest tick dealt with, fired or skipped: the new watermark. */
  readonly watermark: number;
  /** The first tick still to come. */
  readonly nextAt: number;
}

// A tick that a busy or just restarted process comes to within a minute is late, not missed.
const LATE = 60_000;

/** Decides which ticks from `nextAt` up to `now` fire, and which tick comes next. `nextAt` must have come. */
export function dueTicks(timing: Timing, nextAt: number, now: number, missed: MissedPolicy): DueTicks {
  const { interval } = timing;
  const behind = Math.floor((now - nextAt) / interval);
  const watermark = nextAt + behind * interval;
  const next = { watermark, nextAt: tickAfter(timing, watermark) };
  if (missed === 'last') return { fire: [watermark], ...next };
  if (missed === 'skip') return { fire: now - watermark < LATE ? [watermark] : [], ...next };
  const count = Math.min(behind + 1, missed.all);
  const first = watermark - (count - 1) * interval;
  return { fire: Array.from({ length: count }, (_, index) => first + index * interval), ...next };
}

/** Whether both tick at the same times, whatever kind they are of: timings are flat data. */
export function isSameTiming(a: Timing, b: Timing): boolean {
  const fields = Object.entries(a);
  const others = new Map<string, unknown>(Object.entries(b));
  return fields.length === others.size && fields.every(([field, value]) => others.get(field) === value);
}
