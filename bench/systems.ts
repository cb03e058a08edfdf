import { MemoryStorage } from 'nestjs-background-jobs/core';
import { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { RedisStorage } from 'nestjs-background-jobs/redis';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { PostgresSchema } from './places/postgres-schema.js';
import { RedisPrefix } from './places/redis-prefix.js';
import { temporaryFile } from './places/temporary-file.js';
import type { System } from './system.js';
import type { Guarded } from './systems/ours-in-nest.js';
import { Ours } from './systems/ours.js';
import { RawMemory } from './systems/raw-memory.js';
import { RawPostgres } from './systems/raw-postgres.js';
import { RawRedis } from './systems/raw-redis.js';
import { RawSqlite } from './systems/raw-sqlite.js';
import { silencePostgres } from './systems/silent-postgres.js';
import type { SystemName, Trial } from './trial.js';

/** Makes a system with a place of its own, or one that joins another process's at an address. */
type Make = (trial: Trial, address?: string) => System | Promise<System>;

/** Each is made anew for each measurement. */
export const SYSTEMS: Readonly<Record<SystemName, Make>> = {
  'ours-memory': () => new Ours({ storage: new MemoryStorage(), keepsCompleted: true }),
  'raw-memory': () => new RawMemory(),
  'nest-guarding-none': inNest('none'),
  'nest-guarding-others': inNest('others'),
  'nest-guarding-these': inNest('these'),
  'ours-sqlite-keeping': ourSqlite(true),
  'ours-sqlite-removing': ourSqlite(false),
  'raw-sqlite-keeping': ({ durability }) => new RawSqlite(durability, true),
  'raw-sqlite-removing': ({ durability }) => new RawSqlite(durability, false),
  'ours-postgres-keeping': ourPostgres(true),
  'ours-postgres-removing': ourPostgres(false),
  'ours-postgres-silent': (trial, address) => {
    silencePostgres();
    return ourPostgres(true)(trial, address);
  },
  'raw-postgres-keeping': rawPostgres(true),
  'raw-postgres-removing': rawPostgres(false),
  'ours-redis-keeping': ourRedis(true),
  'ours-redis-removing': ourRedis(false),
  'raw-redis-keeping': rawRedis(true),
  'raw-redis-removing': rawRedis(false),
};

// To load Nest takes longer than many a measurement, and only these need it.
function inNest(guarded: Guarded): Make {
  return async ({ concurrency }) => {
    const { OursInNest } = await import('./systems/ours-in-nest.js');
    return new OursInNest(guarded, concurrency);
  };
}

function ourSqlite(keepsCompleted: boolean): Make {
  return ({ durability }, address) => {
    const place = temporaryFile(`over libsql, WAL, synchronous=${durability}`, address);
    const storage = new SqliteStorage({ path: place.address, durability, driver: 'libsql' });
    return new Ours({ storage, keepsCompleted, place });
  };
}

function ourPostgres(keepsCompleted: boolean): Make {
  return (_trial, address) => {
    const place = new PostgresSchema(address);
    const storage = new PostgresStorage({ connectionString: place.url, schema: place.address });
    return new Ours({ storage, keepsCompleted, place });
  };
}

function rawPostgres(keepsCompleted: boolean): Make {
  return ({ measure }, address) =>
    new RawPostgres({
      schema: new PostgresSchema(address),
      keepsCompleted,
      isAnnounced: measure === 'latency-across',
      isJoining: address !== undefined,
    });
}

function ourRedis(keepsCompleted: boolean): Make {
  return (_trial, address) => {
    const place = new RedisPrefix(address);
    const storage = new RedisStorage({ url: place.url, prefix: place.address });
    return new Ours({ storage, keepsCompleted, place });
  };
}

function rawRedis(keepsCompleted: boolean): Make {
  return ({ measure }, address) =>
    new RawRedis({
      prefix: new RedisPrefix(address),
      keepsCompleted,
      isAnnounced: measure === 'latency-across',
    });
}
