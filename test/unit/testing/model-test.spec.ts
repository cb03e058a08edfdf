import { describe, expect, it } from 'vitest';
import type { Beat } from '../../../lib/storage/claims.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { storageModelTest } from '../../../lib/testing/contract/model-test.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

/** Extends leases by a millisecond at most. */
class Stingy extends MemoryStorage {
  override heartbeat(beat: Beat) {
    return super.heartbeat({ ...beat, lease: 1 });
  }
}

async function failureOf(seed: number): Promise<string> {
  const create = async () => {
    const clock = new FakeClock();
    return {
      create: () => new Stingy({ clock }),
      advance: (milliseconds: number) => clock.advance(milliseconds),
      dispose: async () => {},
    };
  };
  const error: unknown = await storageModelTest({ create, runs: 200, seed }).catch(
    (thrown: unknown) => thrown,
  );
  return error instanceof Error ? error.message : 'nothing was found';
}

describe('storageModelTest', () => {
  it('finds what a storage does wrong, and tells the seed and the few steps that show it', async () => {
    const message = await failureOf(42);
    expect(message).toContain('seed: 42');
    const steps = message.match(/"kind":"\w+"/g) ?? [];
    expect(steps).toHaveLength(3);
    expect(steps[2]).toBe('"kind":"heartbeat"');
  });

  it('finds the same again with the same seed', async () => {
    expect(await failureOf(7)).toBe(await failureOf(7));
  });
});
