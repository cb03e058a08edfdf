import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueTicks, type MissedPolicy } from '../../../lib/core/schedule.js';

const MINUTE = 60_000;
const hourly = { kind: 'every', interval: 60 * MINUTE } as const;
const hours = (...n: number[]) => n.map((hour) => hour * 60 * MINUTE);

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
      const due = dueTicks(hourly, 0, now * 60 * MINUTE, missed);
      expect(due.fire).toEqual(hours(...fire));
      expect(due.nextAt).toBe(nextAt * 60 * MINUTE);
      expect(due.watermark).toBe((nextAt - 1) * 60 * MINUTE);
    });
  }

  it('keep the rhythm, whatever the delay: the next tick is the first in the future', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 1e12 }), (interval, late) => {
        const { watermark, nextAt } = dueTicks({ kind: 'every', interval }, 1000, 1000 + late, 'last');
        expect((watermark - 1000) % interval).toBe(0);
        expect(watermark).toBeLessThanOrEqual(1000 + late);
        expect(nextAt).toBeGreaterThan(1000 + late);
      }),
    );
  });
});
