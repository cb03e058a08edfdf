import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../lib/core/errors.js';
import { isExhausted, maxAttempts, MaxRetries } from '../../../lib/core/max-retries.js';

describe('max retries', () => {
  const table: [retries: MaxRetries, runs: number][] = [
    [MaxRetries.count(0), 1],
    [MaxRetries.count(1), 2],
    [5, 6],
    [MaxRetries.infinite, Infinity],
  ];

  for (const [retries, runs] of table) {
    it(`${retries} retries are ${runs} runs`, () => expect(maxAttempts(retries)).toBe(runs));
  }

  it('are used up by the failure after the last retry', () => {
    expect([1, 2, 3].map((attempt) => isExhausted(attempt, 2))).toEqual([false, false, true]);
    expect(isExhausted(1, 0)).toBe(true);
    expect(isExhausted(1e9, 'infinite')).toBe(false);
  });

  for (const wrong of [-1, 1.5, NaN, Infinity]) {
    it(`cannot be ${wrong}`, () => expect(() => MaxRetries.count(wrong)).toThrow(InvalidOptionError));
  }
});
