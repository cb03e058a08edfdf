import { isHeld } from '../../core/held-schedule.js';
import {
  comingTicks,
  NO_TICK,
  type MissedPolicy,
  type OverlapPolicy,
  type Timing,
} from '../../core/schedule.js';
import type { Schedule } from '../../storage/schedules.js';

/**
 * A schedule as its storage knows it, for reading.
 * @publicApi
 */
export interface ScheduleInfo {
  readonly key: string;
  readonly timing: Timing;
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  /** The job that it enqueues, by name, and the queue of it. */
  readonly name: string;
  readonly queue: string;
  /** Whether a job class declares it, or somebody did at run time. */
  readonly origin: 'class' | 'call';
  readonly paused: boolean;
  /** When it makes its next job; absent while paused, and when this process cannot compute it. */
  readonly nextAt?: Date;
  /** The newest tick dealt with, fired or skipped; absent before the first. */
  readonly lastTick?: Date;
  /** The id of the newest job it made. */
  readonly lastJob?: string;
}

/** `now`: milliseconds since the epoch by the storage's clock. */
export function toScheduleInfo(schedule: Schedule, now: number): ScheduleInfo {
  const { key, timing, missed, overlap, template, origin, watermark = NO_TICK, lastJob } = schedule;
  const [next] = comingOf(schedule, now, 1);
  return {
    key,
    timing,
    missed,
    overlap,
    name: template.name,
    queue: template.queue,
    origin: origin ?? 'call',
    paused: isHeld(schedule.nextAt),
    ...(next === undefined ? {} : { nextAt: next }),
    ...(watermark === NO_TICK ? {} : { lastTick: new Date(watermark) }),
    ...(lastJob === undefined ? {} : { lastJob }),
  };
}

/** When a schedule makes its next jobs: none while it is paused, or when it cannot be computed here. */
export function comingOf(schedule: Schedule, now: number, count: number): readonly Date[] {
  if (isHeld(schedule.nextAt)) return [];
  try {
    return comingTicks(schedule, now, count).map((time) => new Date(time));
  } catch {
    // The timing of a newer version, or a time zone that only other machines know: still worth a line in a list.
    return [];
  }
}
