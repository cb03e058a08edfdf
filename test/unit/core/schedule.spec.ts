import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comingTicks,
  dueTicks,
  isSameTiming,
  NO_TICK,
  resumeAt,
  type MissedPolicy,
  type Timing,
} from '../../../lib/core/schedule.js';

const HOUR = 3_600_000;
const hourly = { kind: 'every', interval: HOUR } as const;
const hours = (...n: number[]) => n.map((hour) => hour * HOUR);
const MIDNIGHT = Date.UTC(2030, 0, 1);
/** The same ticks as `hourly`, from a given midnight on. */
const cronHourly = { kind: 'cron', expression: '0 * * * *', timeZone: 'UTC' } as const;

describe('the ticks of a schedule that are due', () => {
  const table: [name: string, missed: MissedPolicy, now: number, fire: number[], nextAt: number][] = [
    ['on time', 'last', 0, [0], 1],
    ['a little late', 'last', 0.3, [0], 1],
    ['a little late, skipping what was missed', 'skip', 1 / 120, [0], 1],
    ['half an hour late, skipping', 'skip', 0.5, [], 1],
    ['five hours away: one for all', 'last', 5.5, [5], 6],
    ['five hours away: none', 'skip', 5.5, [], 6],
    ['five hours away: the newest is only late', 'skip', 5 + 1 / 120, [5], 6],
    ['five hours away: all', { all: 100 }, 5.5, [0, 1, 2, 3, 4, 5], 6],
    ['five hours away: the newest three', { all: 3 }, 5.5, [3, 4, 5], 6],
    ['on time, all', { all: 3 }, 0, [0], 1],
  ];

  for (const [name, missed, now, fire, nextAt] of table) {
    it(name, () => {
      const due = dueTicks({ timing: hourly, nextAt: 0 }, now * HOUR, missed);
      expect(due.fire).toEqual(hours(...fire));
      expect(due.nextAt).toBe(nextAt * HOUR);
      expect(due.watermark).toBe((nextAt - 1) * HOUR);
    });

    it(`${name}, by cron`, () => {
      const due = dueTicks({ timing: cronHourly, nextAt: MIDNIGHT }, MIDNIGHT + now * HOUR, missed);
      expect(due.fire).toEqual(hours(...fire).map((time) => MIDNIGHT + time));
      expect(due.nextAt).toBe(MIDNIGHT + nextAt * HOUR);
      expect(due.watermark).toBe(MIDNIGHT + (nextAt - 1) * HOUR);
    });

    it(`${name}, by cron with an offset`, () => {
      const offset = 90_000;
      const timing = { ...cronHourly, offset };
      const due = dueTicks({ timing, nextAt: MIDNIGHT + offset }, MIDNIGHT + offset + now * HOUR, missed);
      expect(due.fire).toEqual(hours(...fire).map((time) => MIDNIGHT + time));
      expect(due.nextAt).toBe(MIDNIGHT + nextAt * HOUR + offset);
      expect(due.watermark).toBe(MIDNIGHT + (nextAt - 1) * HOUR);
    });
  }

  it('keep the rhythm, whatever the delay: the next tick is the first in the future', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 1e12 }), (interval, late) => {
        const timing = { kind: 'every', interval } as const;
        const { watermark, nextAt } = dueTicks({ timing, nextAt: 1000 }, 1000 + late, 'last');
        expect((watermark - 1000) % interval).toBe(0);
        expect(watermark).toBeLessThanOrEqual(1000 + late);
        expect(nextAt).toBeGreaterThan(1000 + late);
      }),
    );
  });

  it('by cron are planned from the moment of the declaration, that moment included', () => {
    const looked = { timing: cronHourly, nextAt: MIDNIGHT + 1 };
    expect(dueTicks(looked, MIDNIGHT + 20, 'last')).toEqual({
      fire: [],
      watermark: 0,
      nextAt: MIDNIGHT + HOUR,
    });
    expect(dueTicks({ ...looked, nextAt: MIDNIGHT }, MIDNIGHT + 20, 'last').fire).toEqual([MIDNIGHT]);
    expect(dueTicks({ ...looked, watermark: 7 }, MIDNIGHT + 20, 'last').watermark).toBe(7);
  });

  it('by cron never come twice, though a new declaration or a clock set back would have them do so', () => {
    const timing = { ...cronHourly, offset: 600_000 };
    const again = { timing, nextAt: MIDNIGHT + 60_000, watermark: MIDNIGHT };
    expect(dueTicks(again, MIDNIGHT + 610_000, { all: 10 }).fire).toEqual([]);
    expect(dueTicks({ ...again, watermark: MIDNIGHT - HOUR }, MIDNIGHT + 610_000, { all: 10 }).fire).toEqual([
      MIDNIGHT,
    ]);
  });

  it('cannot be computed for a timing that no version up to this one knows, or that never comes again', () => {
    const unknown = { kind: 'moon', phase: 'full' } as unknown as Timing;
    expect(() => dueTicks({ timing: unknown, nextAt: 0 }, 0, 'last')).toThrow('Unknown kind of timing');
    const never = { ...cronHourly, expression: '0 0 30 2 *' };
    expect(() => dueTicks({ timing: never, nextAt: 0 }, 0, 'last')).toThrow('No tick comes after 0');
    const still = { kind: 'every', interval: 0 } as const;
    expect(() => dueTicks({ timing: still, nextAt: 0 }, 0, { all: 3 })).toThrow('No tick comes after 0');
  });
});

describe('the ticks to come', () => {
  it('are the next ones after now, offset included, also while nobody has planned them', () => {
    const now = MIDNIGHT + 1;
    expect(comingTicks({ timing: hourly, nextAt: MIDNIGHT + 5 }, now, 2)).toEqual([
      MIDNIGHT + 5,
      MIDNIGHT + 5 + HOUR,
    ]);
    const progress = { timing: { ...cronHourly, offset: 10 }, nextAt: MIDNIGHT };
    expect(comingTicks(progress, now, 2)).toEqual([MIDNIGHT + 10, MIDNIGHT + 10 + HOUR]);
    expect(comingTicks({ ...progress, timing: { ...cronHourly, expression: '0 0 30 2 *' } }, now, 2)).toEqual(
      [],
    );
  });
});

describe('a schedule that was held back', () => {
  it('goes on in its rhythm, and with what comes from now on', () => {
    const now = MIDNIGHT + 3.5 * HOUR;
    expect(resumeAt({ timing: hourly, watermark: MIDNIGHT + 7 }, now)).toBe(MIDNIGHT + 4 * HOUR + 7);
    expect(resumeAt({ timing: hourly }, now)).toBe(now);
    expect(resumeAt({ timing: hourly, watermark: NO_TICK }, now)).toBe(now);
    expect(resumeAt({ timing: cronHourly, watermark: MIDNIGHT }, now)).toBe(now);
  });
});

it('timings are the same when all their fields are', () => {
  expect(isSameTiming(hourly, { ...hourly })).toBe(true);
  expect(isSameTiming(cronHourly, { timeZone: 'UTC', expression: '0 * * * *', kind: 'cron' })).toBe(true);
  expect(isSameTiming(cronHourly, { ...cronHourly, timeZone: 'Europe/London' })).toBe(false);
  expect(isSameTiming(cronHourly, { ...cronHourly, offset: 1 })).toBe(false);
  expect(isSameTiming({ ...cronHourly, offset: 1 }, cronHourly)).toBe(false);
  expect(isSameTiming(hourly, cronHourly)).toBe(false);
});
