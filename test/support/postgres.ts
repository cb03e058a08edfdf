import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll } from 'vitest';
import { PostgresStorage, StoppedSchema } from '../../lib/drivers/postgres/index.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import type { OpenTransaction } from '../../lib/testing/contract/storage-under-test.js';
import { servers } from './servers/servers.js';
import type { StorageRow } from './storages.js';

/** The server that the tests make schemas of their own on. */
export const POSTGRES_URL = 'url' in servers.postgres ? servers.postgres.url : 'postgres://127.0.0.1';

/** Without flushes: what is tested is what is written, and the disk of a test machine is slow. */
export const UNFLUSHED_URL = withOption(POSTGRES_URL, '-c synchronous_commit=off');

/** For what a test does beside the storage. */
export const admin = new pg.Pool({
  connectionString: POSTGRES_URL,
  max: 4,
  options: '-c synchronous_commit=off',
  allowExitOnIdle: true,
});
admin.on('error', () => {});

export const postgres: StorageRow = {
  name: 'postgres',
  ...('unavailable' in servers.postgres && servers.postgres),
  async create(clock = new FakeClock()) {
    const schema = spares.pop() ?? (await StoppedSchema.open(onOwnSchema(newSchema())));
    let time = clock.now();
    await schema.moveTo(new Date(time));
    return {
      clock,
      create: () => new PostgresStorage(onOwnSchema(schema.name)),
      async advance(milliseconds) {
        time += milliseconds;
        await schema.moveTo(new Date(time));
        await clock.advance(milliseconds);
        // What the timers set off has to go to the server and back, in real time.
        await sleep(Math.min(milliseconds, 10) / 2);
      },
      transaction: beginTransaction,
      dispose: () => (keepsSpares ? spare(schema) : schema.remove()),
    };
  },
};

// Making a schema takes longer than most cases. Those of one file of tests leave it empty for the next, and the file
// drops it; where nobody would, each is dropped at once.
const spares: StoppedSchema[] = [];
const keepsSpares = runsAfterAll(() => Promise.all(spares.map((schema) => schema.remove())));

function runsAfterAll(work: () => Promise<unknown>): boolean {
  try {
    afterAll(async () => void (await work()));
    return true;
  } catch {
    return false;
  }
}

async function spare(schema: StoppedSchema): Promise<void> {
  await schema.clear();
  spares.push(schema);
}

function onOwnSchema(schema: string) {
  return { connectionString: UNFLUSHED_URL, schema };
}

function withOption(url: string, option: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', option);
  return changed.href;
}

export function newSchema(): string {
  return `jobs_test_${randomUUID().replaceAll('-', '')}`;
}

export async function dropSchema(schema: string, owner = admin): Promise<void> {
  await owner.query(`drop schema if exists ${pg.escapeIdentifier(schema)} cascade`);
}

async function beginTransaction(): Promise<OpenTransaction> {
  const client = await admin.connect();
  await client.query('begin');
  const end = async (how: 'commit' | 'rollback') => {
    await client.query(how);
    client.release();
  };
  return { handle: client, commit: () => end('commit'), rollback: () => end('rollback') };
}
