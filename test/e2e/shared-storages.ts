import { join } from 'node:path';
import { dropSchema, newSchema, UNFLUSHED_URL } from '../support/postgres.js';
import { newPrefix, REDIS_URL, removeKeys } from '../support/redis.js';
import { STORAGES } from '../support/storages.js';

/** A storage that several processes share, as a stage uses it. */
export interface SharedStorage {
  /** As in `test/support/storages.ts`, which knows whether it runs here, and in `fixtures/storages.mjs`. */
  readonly name: string;
  /** A place of its own for each stage, as what a process gets as `STORAGE_URL`. `folder` is removed with the stage. */
  place(folder: string): Promise<Place>;
}

export interface Place {
  readonly url: string;
  /** Removes what the stage left there. */
  remove(): Promise<void>;
}

export const sqlite: SharedStorage = {
  name: 'sqlite',
  place: async (folder) => ({ url: join(folder, 'jobs.db'), remove: async () => {} }),
};

const postgres: SharedStorage = {
  name: 'postgres',
  async place() {
    const schema = newSchema();
    return { url: withPart(UNFLUSHED_URL, schema), remove: () => dropSchema(schema) };
  },
};

const redis: SharedStorage = {
  name: 'redis',
  async place() {
    const prefix = newPrefix();
    return { url: withPart(REDIS_URL, prefix), remove: () => removeKeys(prefix) };
  },
};

/** What is proved with real processes is proved on each of these: a new storage is one row here. */
const ROWS: readonly SharedStorage[] = [sqlite, postgres, redis];

/** Those that run on this machine and that `STORAGES` does not leave out; their absence is told by the contract's run. */
export const SHARED_STORAGES: readonly SharedStorage[] = ROWS.filter(({ name }) =>
  STORAGES.some((row) => row.name === name),
);

/** Which part of a server is the stage's own goes behind the `#`. */
function withPart(server: string, part: string): string {
  const url = new URL(server);
  url.hash = part;
  return url.href;
}
