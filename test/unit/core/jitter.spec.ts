import { expect, it } from 'vitest';
import { stableJitter } from '../../../lib/core/jitter.js';

it('is the same for a key, ever', () => {
  expect([stableJitter('nightly', 60_000), stableJitter('nightly', 60_000)]).toEqual([45932, 45932]);
  expect(stableJitter('nightly', 0)).toBe(0);
});

it('is whole, within the bound, and even among keys that differ in little', () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let index = 0; index < 10_000; index++) {
    const offset = stableJitter(`tenant-${index}`, 9);
    expect(Number.isInteger(offset)).toBe(true);
    tenths[offset] = (tenths[offset] ?? 0) + 1;
  }
  expect(tenths).toHaveLength(10);
  expect(Math.min(...tenths)).toBeGreaterThan(850);
  expect(Math.max(...tenths)).toBeLessThan(1150);
});
