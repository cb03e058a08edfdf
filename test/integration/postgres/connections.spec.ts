import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import type { Signal } from '../../../lib/storage/signal.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
} from '../../../lib/testing/contract/job-factories.js';
import { rowsOf, temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

describe('a pool that handlers use up', () => {
  it('keeps no heartbeat, completion or push waiting', async () => {
    const pool = schemas.pool({ max: 2, connectionTimeoutMillis: 1_000 });
    const storage = schemas.storageOfPool(pool);
    await storage.open();
    const held = [await pool.connect(), await pool.connect()];
    await expect(pool.connect()).rejects.toThrow(/timeout/);
    await storage.push([jobOf()]);
    const { jobs } = await storage.pop(requestOf());
    expect(await storage.heartbeat(beatOf(jobs))).toEqual({ lost: [], cancelled: [] });
    expect((await storage.complete(jobs.map((job) => completionOf(job)))).results).toEqual(['recorded']);
    for (const client of held) client.release();
  });
});

describe('calls of the application that wait for the server', () => {
  it('keep no heartbeat, claim or completion waiting', async () => {
    const schema = schemas.name();
    const storage = schemas.storage({ schema });
    await storage.open();
    await storage.push(jobsOf(2));
    const { jobs } = await storage.pop(requestOf({ limit: 1 }));
    const blocker = await schemas.pool().connect();
    await blocker.query(`begin; lock table "${schema}".schedule`);
    const asked = Array.from({ length: 10 }, () => storage.schedules().then((found) => found.length, String));
    let answered = 0;
    for (const one of asked) void one.then(() => (answered += 1));
    try {
      expect(await storage.heartbeat(beatOf(jobs))).toEqual({ lost: [], cancelled: [] });
      const completions = jobs.map((job) => completionOf(job));
      const { results, popped } = await storage.complete(completions, requestOf());
      expect([results, popped?.jobs.length]).toEqual([['recorded'], 1]);
      expect(answered, 'calls that did not wait').toBe(0);
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
    expect(await Promise.all(asked)).toEqual(asked.map(() => 0));
  });
});

describe('connections that the server ends', () => {
  it('fail the call under way as unavailable, and no other: idle ones are replaced', async () => {
    const name = `jobs_ended_${process.pid}`;
    const storage = schemas.storageOfPool(schemas.pool({ application_name: name }));
    await storage.open();
    for (let round = 0; round < 5; round += 1) {
      await storage.push([jobOf()]);
      await storage.pop(requestOf());
      await end(name);
      // The news of it takes a moment; until then a call may still be sent to its death, and says so.
      await expect
        .poll(() => storage.push([jobOf()]).then(([pushed]) => pushed?.duplicate, unavailable))
        .toBe(false);
      await expect.poll(() => storage.pop(requestOf()).then(() => 'popped', unavailable)).toBe('popped');
    }
  });

  it('fail a statement that they were busy with as unavailable', async () => {
    const name = `jobs_busy_${process.pid}`;
    const schema = schemas.name();
    const storage = schemas.storageOfPool(schemas.pool({ application_name: name }), { schema });
    await storage.open();
    const blocker = await schemas.pool().connect();
    await blocker.query(`begin; lock table "${schema}".runner`);
    const beating = storage.heartbeat(beatOf([])).then(() => 'beaten', unavailable);
    const waiting = () =>
      rowsOf(`select 1 from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'`, [
        name,
      ]);
    await expect.poll(async () => (await waiting()).length).toBe(1);
    await end(name);
    expect(await beating).toBe('unavailable');
    await blocker.query('rollback');
    blocker.release();
    expect(await storage.heartbeat(beatOf([]))).toEqual({ lost: [], cancelled: [] });
  });
});

describe('the connection for signals', () => {
  it('comes back when the server ended it, and tells that something may have been missed', async () => {
    const name = `jobs_listen_${process.pid}`;
    const schema = schemas.name();
    const [here, there] = [
      schemas.storage({ schema }),
      schemas.storageOfPool(schemas.pool({ application_name: name }), { schema }),
    ];
    const heard: Signal[] = [];
    there.subscribe((signal) => heard.push(signal));
    await Promise.all([here.open(), there.open()]);
    for (let round = 0; round < 3; round += 1) {
      await expect.poll(() => heard).toContainEqual({ kind: 'ready' });
      heard.length = 0;
      await here.push([jobOf({ queue: 'mail' })]);
      await expect.poll(() => heard).toContainEqual({ kind: 'ready', queues: ['mail'] });
      heard.length = 0;
      await end(name);
    }
  });

  it('carries few notifications for many pushes, and none within a transaction of a push', async () => {
    const schema = schemas.name();
    const [here, there] = [schemas.storage({ schema }), schemas.storage({ schema })];
    let signals = 0;
    await Promise.all([here.open(), there.open()]);
    there.subscribe(() => (signals += 1));
    await here.push([jobOf()]);
    await expect.poll(() => signals).toBeGreaterThan(0);
    const before = signals;
    const producers = Array.from({ length: 16 }, async () => {
      for (let count = 0; count < 20; count += 1) await here.push([jobOf()]);
    });
    await Promise.all(producers);
    await here.close();
    expect(signals - before).toBeLessThan(100);
    const [{ definition } = { definition: '' }] = await rowsOf<{ definition: string }>(
      `select pg_get_functiondef(oid) as definition from pg_proc where proname = 'push_1' and pronamespace = $1::regnamespace`,
      [`"${schema}"`],
    );
    expect(definition).not.toMatch(/notify/i);
  });
});

describe('without prepared statements', () => {
  it('nothing is left behind on a connection, nobody listens, and jobs go all their way', async () => {
    const name = `jobs_pooled_${process.pid}`;
    const storage = schemas.storageOfPool(schemas.pool({ application_name: name }), { prepare: false });
    expect(storage.capabilities.signals).toBe(false);
    storage.subscribe(() => {});
    await storage.open();
    for (let round = 0; round < 3; round += 1) {
      await storage.push(jobsOf(20));
      const { jobs } = await storage.pop(requestOf({ limit: 20 }));
      const { results } = await storage.complete(
        jobs.map((job) => completionOf(job)),
        requestOf(),
      );
      expect(results).toEqual(jobs.map(() => 'recorded'));
    }
    expect(await storage.stats()).toMatchObject([{ completed: 60, ready: 0, running: 0 }]);
    const queries = await rowsOf<{ query: string }>(
      `select query from pg_stat_activity where application_name = $1`,
      [name],
    );
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.filter(({ query }) => /^\s*(set|listen)\b/i.test(query))).toEqual([]);
  });
});

function unavailable(error: unknown): string {
  expect(error).toBeInstanceOf(StorageUnavailableError);
  return 'unavailable';
}

async function end(name: string): Promise<void> {
  await rowsOf(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1`, [name]);
}
