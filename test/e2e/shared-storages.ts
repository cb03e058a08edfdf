import { join } from 'node:path';
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

/** What is proved with real processes is proved on each of these: a new storage is one row here. */
const ROWS: readonly SharedStorage[] = [sqlite];

/** Those that run on this machine and that `STORAGES` does not leave out; their absence is told by the contract's run. */
export const SHARED_STORAGES: readonly SharedStorage[] = ROWS.filter(({ name }) =>
  STORAGES.some((row) => row.name === name),
);
