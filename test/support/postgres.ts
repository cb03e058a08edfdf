import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll } from 'vitest';
import { PostgresStorage } from '../../lib/drivers/postgres/index.js';
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
    const schema = spares.pop() ?? (await stoppedSchema());
    await setTime(schema, clock.now());
    const storageOn = () => new PostgresStorage({ connectionString: UNFLUSHED_URL, schema });
    return {
      clock,
      create: storageOn,
      async advance(milliseconds) {
        await admin.query(`update "${schema}".stopped_clock set now = now + $1`, [milliseconds]);
        await clock.advance(milliseconds);
        // What the timers set off has to go to the server and back, in real time.
        await sleep(Math.min(milliseconds, 10) / 2);
      },
      transaction: beginTransaction,
      dispose: () => (keepsSpares ? spare(schema) : dropSchema(schema)),
    };
  },
};

// Making a schema takes longer than most cases. Those of one file of tests leave it empty for the next, and the file
// drops it; where nobody would, each is dropped at once.
const spares: string[] = [];
const keepsSpares = runsAfterAll(() => Promise.all(spares.map(dropSchema)));

function runsAfterAll(work: () => Promise<unknown>): boolean {
  try {
    afterAll(async () => void (await work()));
    return true;
  } catch {
    return false;
  }
}

/** What the next case may find: it is nobody's data. */
const LASTING_TABLES = ['schema_version', 'policy', 'stopped_clock'];

async function spare(schema: string): Promise<void> {
  const tables = await admin.query<{ tablename: string }>(
    `select tablename from pg_tables where schemaname = $1 and not tablename = any($2::text[])`,
    [schema, LASTING_TABLES],
  );
  await admin.query(tables.rows.map(({ tablename }) => `delete from "${schema}"."${tablename}"`).join('; '));
  spares.push(schema);
}

function withOption(url: string, option: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', option);
  return changed.href;
}

export function newSchema(): string {
  return `jobs_test_${randomUUID().replaceAll('-', '')}`;
}

export async function dropSchema(schema: string): Promise<void> {
  await admin.query(`drop schema if exists ${pg.escapeIdentifier(schema)} cascade`);
}

/** A schema whose time moves only when a test moves it: the one function that tells the time is another one. */
async function stoppedSchema(): Promise<string> {
  const schema = newSchema();
  await new PostgresStorage({ connectionString: POSTGRES_URL, schema }).migrate();
  await admin.query(`
    create unlogged table "${schema}".stopped_clock (now bigint not null);
    insert into "${schema}".stopped_clock values (0);
    create or replace function "${schema}".clock_1() returns bigint language sql volatile as
      $$ select now from "${schema}".stopped_clock $$`);
  return schema;
}

async function setTime(schema: string, now: number): Promise<void> {
  await admin.query(`update "${schema}".stopped_clock set now = $1`, [now]);
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
