import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import type { JobContext } from '../../../lib/core/job-context.js';
import { defineJob, type JobDefinition } from '../../../lib/core/job-definition.js';
import { PostgresStorage, type PostgresTransaction } from '../../../lib/drivers/postgres/index.js';
import { Runner } from '../../../lib/runtime/runner.js';
import { admin, dropSchema, newSchema, POSTGRES_URL } from '../../support/postgres.js';
import { until } from '../../e2e/until.js';
import { EVERY_LIBRARY } from './libraries/every-library.js';
import type { Connection } from './libraries/library.js';

class Mail {
  constructor(readonly to: string) {}
}
class Joint {
  constructor(readonly how: 'commit' | 'roll back and return' | 'roll back and throw') {}
}
const mail = defineJob(Mail, { name: 'mail' }) as JobDefinition;
const joint = defineJob(Joint, { name: 'joint' }) as JobDefinition;

describe.each(EVERY_LIBRARY)('a transaction of $name', (library) => {
  const schema = newSchema();
  const storage = new PostgresStorage({ connectionString: POSTGRES_URL, schema });
  const jobs = new QueueHandle(storage);
  const sent: string[] = [];
  let connection: Connection;
  const runner = new Runner({
    storage,
    queues: { default: 5 },
    // So that a job which runs soon was not found by looking for it.
    pollInterval: 60_000,
    handlers: [
      { definition: mail, run: (job) => void sent.push((job as Mail).to) },
      { definition: joint, run: (job, context) => runJoint((job as Joint).how, context) },
    ],
  });

  beforeAll(async () => {
    await storage.open();
    await admin.query(`create table "${schema}".effect (name text)`);
    connection = await library.connect(POSTGRES_URL);
    await runner.start();
  });
  afterAll(async () => {
    await runner.stop({ now: true });
    await connection.close();
    await storage.close();
    await dropSchema(schema);
  });

  it('that commits has its effect and its job there, and the job is woken and run', async () => {
    let id = '';
    await connection.transaction(async (held) => {
      await effect(held, 'ada');
      ({ id } = await queue(held, 'ada'));
      expect(await jobs.info(id)).toBeUndefined();
    });
    expect(await effects('ada')).toBe(1);
    await until('the job ran', () => sent.includes('ada'));
    expect(await jobs.info(id)).toMatchObject({ payload: { to: 'ada' } });
  });

  it('that fails has neither effect nor job, and its error reaches the caller as it is', async () => {
    const error = new Error('no such plan');
    let id = '';
    const failing = connection.transaction(async (held) => {
      await effect(held, 'bob');
      ({ id } = await queue(held, 'bob'));
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(await jobs.info(id)).toBeUndefined();
    expect(await effects('bob')).toBe(0);
    // What came after it in the same queue has run, so that it never will.
    await jobs.queue(new Mail('after bob'));
    await until('the next job ran', () => sent.includes('after bob'));
    expect(sent).not.toContain('bob');
  });

  it('that rolls back to a savepoint drops the jobs queued since, and keeps those before', async () => {
    const ids: string[] = [];
    await connection.transaction(async (held) => {
      ids.push((await queue(held, 'outer')).id);
      const inner = connection.nested(held, async (nested) => {
        ids.push((await queue(nested, 'inner')).id);
        throw new Error('inner');
      });
      await expect(inner).rejects.toThrow('inner');
      await connection.nested(held, async (nested) => void ids.push((await queue(nested, 'second')).id));
    });
    const found = await Promise.all(ids.map((id) => jobs.info(id)));
    expect(found.map((info) => info !== undefined)).toEqual([true, false, true]);
  });

  it('takes any texts, many jobs and all options, and knows duplicates', async () => {
    const to = `"\\'{}$1 ?\u0000\u2028🎉é`;
    let id = '';
    await connection.transaction(async (held) => {
      const transaction = held as PostgresTransaction;
      const options = { transaction, meta: { note: to }, delay: '1h', priority: -3 } as const;
      const many = Array.from({ length: 300 }, () => new Mail(to));
      const pushed = await jobs.queueAll(many, options);
      expect(pushed.filter(({ duplicate }) => duplicate)).toEqual([]);
      id = pushed[299]?.id ?? '';
      expect(await jobs.queue(new Mail(to), { transaction, id })).toEqual({ id, duplicate: true });
      const unique = { key: `"\\'{}$1 ?`, while: 'live' } as const;
      const first = await jobs.queue(new Mail(to), { ...options, unique });
      expect(await jobs.queue(new Mail(to), { ...options, unique })).toEqual({
        id: first.id,
        duplicate: true,
      });
    });
    expect(await jobs.info(id)).toMatchObject({
      ...{ payload: { to }, meta: { note: to }, priority: -3, state: 'scheduled' },
    });
  });

  it('commits an effect and the completion of its job together', async () => {
    const { id } = await jobs.queue(new Joint('commit'));
    await until('the job is completed', async () => (await jobs.info(id))?.state === 'completed');
    expect(await jobs.info(id)).toMatchObject({ result: { by: library.name }, attempts: 0 });
    expect(await effects(id)).toBe(1);
  });

  it('that rolls back has no completion; the run then ends as it does', async () => {
    const [returned, thrown] = await jobs.queueAll([
      new Joint('roll back and return'),
      new Joint('roll back and throw'),
    ]);
    await until('the first is completed', async () => {
      return (await jobs.info(returned?.id ?? ''))?.state === 'completed';
    });
    expect(await jobs.info(returned?.id ?? '')).toMatchObject({ result: 'returned' });
    await until('the second is retried', async () => {
      return (await jobs.info(thrown?.id ?? ''))?.state === 'retrying';
    });
    expect([await effects(returned?.id ?? ''), await effects(thrown?.id ?? '')]).toEqual([0, 0]);
  });

  async function runJoint(how: Joint['how'], { id, completeIn }: JobContext): Promise<unknown> {
    const work = connection.transaction(async (held) => {
      await effect(held, id);
      await completeIn(held, { by: library.name });
      if (how !== 'commit') throw new Error('roll back');
    });
    if (how !== 'roll back and return') return work;
    await work.catch(() => {});
    return 'returned';
  }

  function queue(held: unknown, to: string) {
    return jobs.queue(new Mail(to), { transaction: held as PostgresTransaction });
  }

  function effect(held: unknown, name: string) {
    return connection.run(held, `insert into "${schema}".effect values ('${name}')`);
  }

  async function effects(name: string): Promise<number> {
    const { rows } = await admin.query(`select 1 from "${schema}".effect where name = $1`, [name]);
    return rows.length;
  }
});
