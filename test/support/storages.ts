import { FakeClock } from '../../lib/testing/fake-clock.js';
import { MemoryStorage } from '../../lib/drivers/memory/memory-storage.js';
import type { StorageUnderTest } from '../../lib/testing/contract/storage-under-test.js';
import { postgres } from './postgres.js';
import { redis } from './redis.js';
import { sqlite, sqliteLent } from './sqlite.js';

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

/** A new storage is one row here; the contract says the rest. */
export const ALL_STORAGES: readonly StorageRow[] = [memory, sqlite, sqliteLent, postgres, redis];

/** Those that `STORAGES=memory,sqlite` names; without it, all. */
export const CHOSEN_STORAGES: readonly string[] = listed('STORAGES') ?? ALL_STORAGES.map(({ name }) => name);

/** Those that `REQUIRE_STORAGES` names: to leave one out, for whatever reason, is a failure. */
export const REQUIRED_STORAGES: readonly string[] = listed('REQUIRE_STORAGES') ?? [];

/** The storages that are tested. */
export const STORAGES: readonly StorageRow[] = ALL_STORAGES.filter(
  ({ name, unavailable }) => CHOSEN_STORAGES.includes(name) && unavailable === undefined,
);

function listed(variable: string): readonly string[] | undefined {
  const names = process.env[variable]?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !ALL_STORAGES.some((row) => row.name === name));
  if (unknown === undefined) return names;
  throw new Error(
    `${variable} names '${unknown}'; known: ${ALL_STORAGES.map(({ name }) => name).join(', ')}`,
  );
}
