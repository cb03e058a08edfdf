import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextStartAt, startsLeft, withStarts, type Rate, type StartGroup } from '../../../lib/core/rate.js';

const RATE: Rate = { count: 10, per: 1_000 };

describe('a rate', () => {
  it('lets a burst through, and the next one once the window has passed it', () => {
    const full = withStarts(RATE, [], 0, 10);
    expect(startsLeft(RATE, full, 0)).toBe(0);
    expect(nextStartAt(RATE, full, 1)).toBe(1_000);
    expect(startsLeft(RATE, full, 999)).toBe(0);
    expect(startsLeft(RATE, full, 1_000)).toBe(10);
  });

  it('lets a start through at once while any is left', () => {
    expect(nextStartAt(RATE, [], 7)).toBe(7);
    expect(nextStartAt(RATE, withStarts(RATE, [], 0, 9), 7)).toBe(7);
  });

  it('waits for as many starts to leave as a lower rate asks for', () => {
    const starts = withStarts(RATE, withStarts(RATE, [], 0, 5), 500, 5);
    expect(nextStartAt({ count: 5, per: 1_000 }, starts, 600)).toBe(1_500);
  });

  it('never lets more start within any window, is late by a sixteenth at most, and stays small', () => {
    fc.assert(
      fc.property(
        fc.record({ count: fc.integer({ min: 1, max: 50 }), per: fc.integer({ min: 1, max: 5_000 }) }),
        fc.array(fc.tuple(fc.nat(700), fc.nat(20)), { maxLength: 200 }),
        (rate, steps) => {
          const times: number[] = [];
          let groups: readonly StartGroup[] = [];
          let now = 0;
          for (const [wait, wanted] of steps) {
            now += wait;
            const within = times.filter((time) => time > now - rate.per).length;
            const within16 = times.filter((time) => time > now - rate.per - rate.per / 16).length;
            const left = startsLeft(rate, groups, now);
            expect(left).toBeLessThanOrEqual(rate.count - within);
            expect(left).toBeGreaterThanOrEqual(rate.count - within16);
            const started = Math.min(left, wanted);
            groups = withStarts(rate, groups, now, started);
            expect(groups.length).toBeLessThanOrEqual(18);
            times.push(...Array.from({ length: started }, () => now));
            const next = nextStartAt(rate, groups, now);
            expect(startsLeft(rate, groups, next)).toBeGreaterThan(0);
            expect(next === now || startsLeft(rate, groups, next - 1) === 0).toBe(true);
          }
        },
      ),
    );
  });
});
