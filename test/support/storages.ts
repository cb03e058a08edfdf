import { FakeClock } from '../../lib/testing/fake-clock.js';
import { MemoryStorage } from '../../lib/drivers/memory/memory-storage.js';
import { sqlite } from './sqlite.js';
import type { StorageUnderTest } from '../../lib/testing/contract/storage-under-test.js';

/** One storage of this repository, as the contract is run on it. */
export interface StorageRow {
  readonly name: string;
  /** Why it cannot be tested on this machine. */
  readonly unavailable?: string;
  /** Data of its own for each call. `clock`: a `FakeClock` by default. */
  create(clock?: FakeClock): Promise<StorageUnderTest>;
}

const memory: StorageRow = {
  name: 'memory',
  async create(clock = new FakeClock()) {
    return {
      clock,
      create: () => new MemoryStorage({ clock }),
      advance: (milliseconds) => clock.advance(milliseconds),
      dispose: async () => {},
    };
  },
};

export const STORAGES: readonly StorageRow[] = [memory, sqlite];
