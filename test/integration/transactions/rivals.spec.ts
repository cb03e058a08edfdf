import { expect, it } from 'vitest';
import type { PostgresStorage } from '../../../lib/drivers/postgres/index.js';
import {
  beatOf,
  completedFor,
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
  retryingIn,
} from '../../../lib/testing/contract/job-factories.js';
import { rowsOf, temporarySchemas } from '../postgres/schemas.js';

const schemas = temporarySchemas();
const ROUNDS = 30;

it('while a completion waits for the commit, other runs of the process end and beat, and a rescue passes it by', async () => {
  const { storage, client, schema } = await open();
  for (const [round, keep] of [1_000, false as const].entries()) {
    const [joined, ...others] = await taken(storage, 3);
    if (joined === undefined) throw new Error('nothing was taken');
    await client.query('begin');
    await storage.complete([completionOf(joined, completedFor(keep))], undefined, client);
    await rowsOf(`update "${schema}".job set lease_until = 0 where key = $1`, [others[0]?.id]);
    // The same lane and the same process: were the sums in one row, these would wait for the commit.
    const [first, second] = others.map((job) => completionOf(job, completedFor(keep)));
    expect((await storage.heartbeat(beatOf(others))).lost).toEqual([]);
    expect(await storage.rescue(10, 3)).toEqual([]);
    for (const completion of [first, second]) {
      expect((await storage.complete([completion as typeof completion & object])).results).toEqual([
        'recorded',
      ]);
    }
    expect((await storage.stats())[0]).toMatchObject({ completed: round * 3 + 2, running: 1 });
    await client.query('commit');
    expect((await storage.stats())[0]).toMatchObject({ completed: round * 3 + 3, running: 0 });
  }
  client.release();
});

it('what was counted apart is added up after the commit, and is nowhere after a rollback', async () => {
  const { storage, client, schema } = await open();
  for (const end of ['commit', 'rollback', 'commit']) {
    const [job] = await taken(storage, 1);
    if (job === undefined) throw new Error('nothing was taken');
    await client.query('begin');
    await storage.complete([completionOf(job)], undefined, client);
    await client.query(end);
    if (end === 'rollback') await storage.complete([completionOf(job, retryingIn(3_600_000))]);
  }
  const apart = () => rowsOf(`select lane, shard, completed from "${schema}".tally where shard < 0`);
  await expect.poll(apart).toEqual([]);
  expect((await storage.stats())[0]).toMatchObject({ completed: 2, failed: 1, retrying: 1 });
  client.release();
});

it('of transactions that want one unique key, the one that commits has it, and those that roll back leave it free', async () => {
  const { storage, pool, client: spare } = await open();
  spare.release();
  for (let round = 0; round < ROUNDS; round++) {
    const unique = { key: `only ${round}`, while: 'live' } as const;
    const winner = round % 5;
    const jobs = jobsOf(5, { unique, queue: `q${round}` });
    await Promise.all(
      jobs.map(async (job, index) => {
        const client = await pool.connect();
        try {
          await client.query('begin');
          await storage.push([job], client);
          await client.query(index === winner ? 'commit' : 'rollback');
        } finally {
          client.release();
        }
      }),
    );
    const records = await storage.info(jobs.map(({ id }) => id));
    const stored = records.flatMap((record) => record?.id ?? []);
    // Whoever met one that was committed was told so, and stored nothing.
    expect(stored, `round ${round}`).toEqual([jobs[winner]?.id]);
  }
});

it('of a run that completes in a transaction and the rescue that takes its job, one wins', async () => {
  const { storage, client, schema } = await open();
  for (let round = 0; round < ROUNDS; round++) {
    const [job] = await taken(storage, 1);
    if (job === undefined) throw new Error('nothing was taken');
    await rowsOf(`update "${schema}".job set lease_until = 0`);
    await client.query('begin');
    const [rescued, completed] = await Promise.all([
      storage.rescue(10, 100),
      storage.complete([completionOf(job)], undefined, client),
    ]);
    await client.query('commit');
    const [record] = await storage.info([job.id]);
    const ends = [rescued.length, completed.results[0], record?.state];
    expect([
      [0, 'recorded', 'completed'],
      [1, 'lost', 'ready'],
    ]).toContainEqual(ends);
    await storage.remove([job.id]);
  }
  client.release();
});

async function open() {
  const schema = schemas.name();
  const storage = schemas.storage({ schema });
  await storage.open();
  const pool = schemas.pool({ max: 6 });
  return { schema, storage, pool, client: await pool.connect() };
}

async function taken(storage: PostgresStorage, count: number) {
  await storage.push(Array.from({ length: count }, () => jobOf()));
  return (await storage.pop(requestOf({ limit: count }))).jobs;
}
