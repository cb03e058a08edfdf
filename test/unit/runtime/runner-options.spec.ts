import { describe, expect, it } from 'vitest';
import { DuplicateJobError, InvalidOptionError } from '../../../lib/core/errors.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { resolveRunnerOptions } from '../../../lib/runtime/runner-options.js';
import { handler } from './stage.js';

const least = { storage: new MemoryStorage(), handlers: [], queues: { default: 1 } };

describe('the options of a runner', () => {
  it('have the documented defaults', () => {
    expect(resolveRunnerOptions(least)).toMatchObject({
      lease: 30_000,
      maxStalls: 3,
      grace: 20_000,
      abortGrace: 5_000,
      pollInterval: 1_000,
      info: { pid: process.pid },
    });
  });

  it.each([
    [{ queues: { default: 0 } }, /queue 'default' has 0 slots/],
    [{ queues: { default: 1001 } }, /1001/],
    [{ queues: { default: 1.5 } }, /1\.5/],
    [{ queues: { '': 1 } }, /empty/],
    [{ lease: 100 }, /lease 100/],
    [{ lease: Number.NaN }, /lease NaN/],
    [{ grace: -1 }, /grace -1/],
    [{ pollInterval: 0 }, /pollInterval 0/],
    [{ pollIntervall: 5 }, /Did you mean 'pollInterval'/],
  ])('refuse %o, named', (changes, message) => {
    const resolve = () => resolveRunnerOptions({ ...least, ...changes });
    expect(resolve).toThrow(InvalidOptionError);
    expect(resolve).toThrow(message);
  });

  it('refuse two handlers for one name', () => {
    const handlers = [handler('same', () => {}), handler('same', () => {})];
    expect(() => resolveRunnerOptions({ ...least, handlers })).toThrow(DuplicateJobError);
  });
});
