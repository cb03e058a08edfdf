import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueHandle } from 'nestjs-background-jobs/core';
import { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { openDatabase } from '../../lib/drivers/sqlite/connection/open-database.js';
import type { Storage } from '../../lib/storage/storage.js';
import { admin, dropSchema, newSchema, POSTGRES_URL } from '../support/postgres.js';
import { Work } from './fixtures/jobs.mjs';
import { sqlite } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const LEASE = 600;

/** Where the jobs and the effects of a test are. */
interface Place {
  readonly storage: Storage;
  /** What the processes are told. */
  readonly settings: object;
  effects(): Promise<readonly unknown[]>;
  remove(): Promise<void>;
}

async function onSqlite({ storage, url: path }: Stage): Promise<Place> {
  return {
    ...{ storage, settings: { database: path }, remove: async () => {} },
    async effects() {
      const database = await openDatabase(path, 'libsql');
      try {
        return (database.prepare('select job from effect').all() as { job: string }[]).map(({ job }) => job);
      } finally {
        database.close();
      }
    },
  };
}

async function onPostgres(): Promise<Place> {
  const schema = newSchema();
  const storage = new PostgresStorage({ connectionString: POSTGRES_URL, schema });
  await storage.open();
  await admin.query(`create table "${schema}".effect (job text, seq serial)`);
  return {
    ...{ storage, settings: { postgres: { connectionString: POSTGRES_URL, schema } } },
    async effects() {
      const { rows } = await admin.query(`select job from "${schema}".effect order by seq`);
      return rows.map(({ job }: { job: unknown }) => job);
    },
    async remove() {
      await storage.close();
      await dropSchema(schema);
    },
  };
}

describe.each([
  { name: 'sqlite', open: onSqlite },
  { name: 'postgres', open: onPostgres },
])('on $name', ({ open }) => {
  let stage: Stage;
  let place: Place;
  let jobs: QueueHandle;
  beforeEach(async () => {
    stage = await Stage.open(sqlite);
    place = await open(stage);
    jobs = new QueueHandle(place.storage);
  });
  afterEach(async () => {
    await stage.close();
    await place.remove();
  });

  it('a process killed between an effect and its commit leaves neither effect nor completion, and the job runs again', async () => {
    const { id } = await killAt('written');
    expect(await recordOf(id)).toMatchObject({ state: 'running', token: 1 });
    expect(await place.effects()).toEqual([]);
    start();
    await until('the job is completed', () => isCompleted(id), { seen: stage.story });
    expect(await place.effects()).toEqual([id]);
    expect(await recordOf(id)).toMatchObject({ token: 2, attempt: 0, result: '"done"' });
  });

  it('a process killed after the commit and before anything else has its job completed, and nobody runs it again', async () => {
    const { id } = await killAt('committed');
    start();
    // By then every lease of the killed process has run out, and has been swept for.
    const later = await jobs.queue(new Work(0), { delay: LEASE * 3 });
    await until('the later job is completed', () => isCompleted(later.id), { seen: stage.story });
    expect(await place.effects()).toEqual([id, later.id]);
    expect(stage.lines('started').filter((line) => line.id === id)).toHaveLength(1);
    expect(await recordOf(id)).toMatchObject({ state: 'completed', token: 1, result: '"done"' });
  });

  async function killAt(stopAt: 'written' | 'committed'): Promise<{ readonly id: string }> {
    const { id } = await jobs.queue(new Work(0));
    const worker = start({ stopAt });
    await until(stopAt, () => stage.lines(stopAt).length === 1, { seen: stage.story });
    await worker.end('SIGKILL');
    return { id };
  }

  function start(settings: object = {}) {
    return stage.spawn('joining-worker.mjs', { lease: LEASE, ...place.settings, ...settings });
  }

  async function recordOf(id: string) {
    return (await place.storage.info([id]))[0];
  }

  async function isCompleted(id: string): Promise<boolean> {
    return (await recordOf(id))?.state === 'completed';
  }
});
