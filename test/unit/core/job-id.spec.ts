import { describe, expect, it } from 'vitest';
import { systemChance } from '../../../lib/core/clock.js';
import { createIdGenerator } from '../../../lib/core/job-id.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

describe('a job id', () => {
  it('is a UUID of version 7 that carries the time', () => {
    const id = createIdGenerator(new FakeClock(0x0123_4567_89ab), systemChance)();
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts in the order of making, within a millisecond, across many, and with the clock set back', () => {
    const clock = new FakeClock();
    const createId = createIdGenerator(clock, systemChance);
    const ids: string[] = [];
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 1000; i++) ids.push(createId());
      clock.set(clock.now() + (round % 3) - 1);
    }
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('differs from those of another process at the same moment', () => {
    const clock = new FakeClock();
    const [one, other] = [createIdGenerator(clock, systemChance), createIdGenerator(clock, systemChance)];
    const ids = Array.from({ length: 1000 }, () => [one(), other()]).flat();
    expect(new Set(ids).size).toBe(2000);
  });
});
