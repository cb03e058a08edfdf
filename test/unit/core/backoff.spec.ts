import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, DEFAULT_BACKOFF, delayBeforeRetry } from '../../../lib/core/backoff.js';
import { LONGEST_DELAY } from '../../../lib/core/duration.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';

const HALF = 0.5;
const waits = (backoff: Backoff, retries: number, random = HALF) =>
  Array.from({ length: retries }, (_, index) => delayBeforeRetry(backoff.formula, index + 1, random) / 1000);

describe('the waits before retries', () => {
  const table: [name: string, backoff: Backoff, seconds: number[]][] = [
    ['the default doubles from two seconds', DEFAULT_BACKOFF, [2, 4, 8, 16, 32]],
    ['exponential(60) is a minute, an hour, sixty hours', Backoff.exponential(60), [60, 3600, 216_000]],
    ['exponential(1) stays at a second', Backoff.exponential(1), [1, 1, 1]],
    ['exponential(1.5) takes fractions', Backoff.exponential(1.5), [1.5, 2.25, 3.375]],
    ['exponential(0) retries at once', Backoff.exponential(0), [0, 0]],
    ['linear is constant', Backoff.linear(5), [5, 5, 5, 5, 5]],
    ['linear takes fractions', Backoff.linear(0.25), [0.25, 0.25]],
    ['max caps', Backoff.exponential(2, { max: '10s' }), [2, 4, 8, 10, 10]],
    ['max caps a constant too', Backoff.linear(60, { max: 500 }), [0.5, 0.5]],
    ['a custom backoff without its code waits the default', Backoff.custom(() => 1), [2, 4, 8]],
  ];

  for (const [name, backoff, seconds] of table) {
    it(name, () => expect(waits(backoff, seconds.length)).toEqual(seconds));
  }

  it('are the same every time unless jitter was asked for', () => {
    expect(waits(DEFAULT_BACKOFF, 5, 0)).toEqual(waits(DEFAULT_BACKOFF, 5, 0.999));
  });

  it('spread by the jitter to both sides', () => {
    const backoff = Backoff.linear(10, { jitter: 0.2 });
    expect([0, HALF, 1].map((random) => waits(backoff, 1, random)[0])).toEqual([8, 10, 12]);
  });

  it('do not exceed max by jitter', () => {
    expect(waits(Backoff.linear(10, { jitter: 1, max: '10s' }), 1, 0.999)).toEqual([10]);
  });

  it('stop growing at ten years instead of overflowing', () => {
    expect(delayBeforeRetry(Backoff.exponential(60).formula, 5, HALF)).toBe(LONGEST_DELAY);
    expect(delayBeforeRetry(DEFAULT_BACKOFF.formula, 5000, HALF)).toBe(LONGEST_DELAY);
  });

  it('are whole milliseconds within bounds for any formula', () => {
    const formula = fc.oneof(
      fc.double({ min: 0, max: 1e9, noNaN: true }).map((base) => Backoff.exponential(base, { jitter: 1 })),
      fc.double({ min: 0, max: 1e9, noNaN: true }).map((seconds) => Backoff.linear(seconds, { jitter: 1 })),
    );
    fc.assert(
      fc.property(
        formula,
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (b, k, r) => {
          const delay = delayBeforeRetry(b.formula, k, r);
          expect(Number.isSafeInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(LONGEST_DELAY);
        },
      ),
    );
  });
});

describe('a backoff that makes no sense', () => {
  const table: [name: string, make: () => Backoff][] = [
    ['a negative base', () => Backoff.exponential(-2)],
    ['NaN seconds', () => Backoff.linear(NaN)],
    ['infinite seconds', () => Backoff.linear(Infinity)],
    ['jitter above one', () => Backoff.linear(1, { jitter: 1.1 })],
    ['jitter that is NaN', () => Backoff.linear(1, { jitter: NaN })],
    ['a max that is no duration', () => Backoff.linear(1, { max: 'soon' as never })],
  ];

  for (const [name, make] of table) {
    it(`is refused: ${name}`, () => expect(make).toThrow(InvalidOptionError));
  }
});
