import { MemoryStorage } from 'nestjs-background-jobs/core';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import type { System } from './system.js';
import { Ours } from './systems/ours.js';
import { RawMemory } from './systems/raw-memory.js';
import { RawSqlite } from './systems/raw-sqlite.js';
import { temporaryFile } from './systems/temporary-file.js';
import type { Durability, Trial } from './trial.js';

export type SystemName =
  | 'ours-memory'
  | 'ours-sqlite'
  | 'ours-sqlite-removing'
  | 'raw-memory'
  | 'raw-sqlite-marking'
  | 'raw-sqlite-deleting';

/** Each is made anew for each measurement. */
export const SYSTEMS: Readonly<Record<SystemName, (trial: Trial) => System>> = {
  'ours-memory': () =>
    new Ours({ storage: new MemoryStorage(), settings: 'MemoryStorage', keepsCompleted: true }),
  'ours-sqlite': ({ durability }) => ourSqlite(durability, true),
  'ours-sqlite-removing': ({ durability }) => ourSqlite(durability, false),
  'raw-memory': () => new RawMemory(),
  'raw-sqlite-marking': ({ durability }) => new RawSqlite(durability, true),
  'raw-sqlite-deleting': ({ durability }) => new RawSqlite(durability, false),
};

function ourSqlite(durability: Durability, keepsCompleted: boolean): System {
  const file = temporaryFile();
  return new Ours({
    storage: new SqliteStorage({ path: file.path, durability, driver: 'libsql' }),
    settings: `SqliteStorage over libsql, WAL, synchronous=${durability}`,
    keepsCompleted,
    file,
  });
}
