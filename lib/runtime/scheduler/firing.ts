import { dueTicks, NO_TICK } from '../../core/schedule.js';
import { markTick } from '../../core/tick-mark.js';
import type { Firing, Schedule } from '../../storage/schedules.js';

/** The step that a due schedule takes at `now`: which ticks make jobs, and when the next one comes. */
export function firingOf(
  schedule: Schedule,
  now: number,
  isLastJobUnfinished: boolean,
  createId: () => string,
): Firing {
  const { key, nextAt, missed, overlap, template } = schedule;
  const ticks = dueTicks(schedule, now, missed);
  const fire = overlap === 'allow' ? ticks.fire : isLastJobUnfinished ? [] : ticks.fire.slice(-1);
  return {
    key,
    expected: nextAt,
    watermark: ticks.watermark,
    nextAt: ticks.nextAt,
    jobs: fire.map((tick) => ({
      ...template,
      id: createId(),
      due: { at: tick },
      meta: markTick({ schedule: key, tick }, template.meta),
    })),
  };
}

/** Milliseconds until a schedule that cannot be computed is looked at again. */
const BROKEN_FOR = 3_600_000;

/** The step of a schedule whose ticks cannot be computed: no job, and a long time until the next look. */
export function putOff({ key, nextAt, watermark = NO_TICK }: Schedule, now: number): Firing {
  return { key, expected: nextAt, watermark, nextAt: now + BROKEN_FOR, jobs: [] };
}
