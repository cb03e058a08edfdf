import { afterEach, beforeEach, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  keeping,
  requestOf,
} from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { noRedis, PrivateServer } from './private-server.js';

// Plain jobs stand in lists, have one lease with those that were taken along with them, and share their policies.

let server: PrivateServer;
let clock: FakeClock;
let storage: RedisStorage;

beforeEach(async () => {
  server = await PrivateServer.start('--appendonly', 'yes');
  clock = new FakeClock();
  storage = new RedisStorage({ url: server.url, clock });
  await storage.open();
});

afterEach(async () => {
  await storage.close();
  await server.remove();
});

async function ready(): Promise<number | undefined> {
  return (await storage.stats())[0]?.ready;
}

async function taken(limit: number): Promise<string[]> {
  return (await storage.pop(requestOf({ limit }))).jobs.map(({ id }) => id);
}

it.skipIf(noRedis)('what left a line from between others is neither counted nor taken there', async () => {
  const jobs = jobsOf(10);
  const ids = jobs.map(({ id }) => id);
  await storage.push(jobs);
  await storage.remove([ids[3] ?? '', ids[4] ?? '']);
  await storage.cancel([ids[6] ?? ''], 'no');
  await storage.change([ids[8] ?? ''], { priority: -1 });
  expect(await ready()).toBe(7);
  // The same id again is a new job, behind all others.
  await storage.push([jobOf({ id: ids[3] ?? '' }), jobOf({ id: 'last' })]);
  expect(await ready()).toBe(9);
  expect(await taken(3)).toEqual([ids[8], ids[0], ids[1]]);
  await storage.remove([ids[2] ?? '']);
  expect((await storage.stats())[0]?.oldestReadyAt).toBe(clock.now());
  expect(await taken(9)).toEqual([ids[5], ids[7], ids[9], ids[3], 'last']);
  expect(await ready()).toBe(0);
  const left = await server.ask((client) => client.keys('*'));
  expect(left.filter((key) => /:(line|ready|ghosts)/.test(key))).toEqual([]);
});

it.skipIf(noRedis)('jobs that were put back go before a line, in their old place', async () => {
  const jobs = jobsOf(6);
  const ids = jobs.map(({ id }) => id);
  await storage.push(jobs);
  const { jobs: leased } = await storage.pop(requestOf({ limit: 4 }));
  await storage.release([leased[2], leased[0]].filter((job) => job !== undefined));
  expect(await taken(3)).toEqual([ids[0], ids[2], ids[4]]);
  expect(await taken(3)).toEqual([ids[5]]);
});

it.skipIf(noRedis)(
  'a beat for some of those that were taken together leaves the others to run out',
  async () => {
    await storage.push(jobsOf(6));
    const { jobs } = await storage.pop(requestOf({ limit: 6, lease: 1_000 }));
    await clock.advance(500);
    await storage.complete(jobs.slice(0, 1).map((job) => completionOf(job)));
    const beaten = jobs.slice(2, 4);
    expect(await storage.heartbeat(beatOf(beaten))).toMatchObject({ lost: [] });
    await clock.advance(501);
    const rescued = await storage.rescue(100, 3);
    expect(rescued.map(({ id }) => id).toSorted()).toEqual([jobs[1], jobs[4], jobs[5]].map((job) => job?.id));
    expect((await storage.info([beaten[0]?.id ?? '']))[0]).toMatchObject({
      ...{ state: 'running', leaseUntil: clock.now() + 499, startedAt: clock.now() - 1_001 },
    });
    expect((await storage.complete(beaten.map((job) => completionOf(job)))).results).toEqual([
      'recorded',
      'recorded',
    ]);
    const left = await server.ask((client) => client.keys('*'));
    expect(left.filter((key) => /:(leases|claims|over)$/.test(key))).toEqual([]);
  },
);

it.skipIf(noRedis)('however many policies there are, each job has its own', async () => {
  const jobs = Array.from({ length: 500 }, (_, nth) => jobOf({ policy: keeping({ completed: nth + 1 }) }));
  const other = new RedisStorage({ url: server.url, clock });
  await other.open();
  await storage.push(jobs.slice(0, 150));
  await other.push(jobs.slice(150));
  const { jobs: leased } = await storage.pop(requestOf({ limit: 500 }));
  expect(leased.map(({ policy }) => policy)).toEqual(jobs.map(({ policy }) => policy));
  const records = await other.info(jobs.map(({ id }) => id));
  expect(records.map((record) => record?.policy)).toEqual(jobs.map(({ policy }) => policy));
  await other.close();
});

it.skipIf(noRedis)('results of jobs that ended together are kept with each, and go with it', async () => {
  await storage.push(jobsOf(5));
  const { jobs } = await storage.pop(requestOf({ limit: 5 }));
  const ids = jobs.map(({ id }) => id);
  const ending = jobs.map((job, nth) =>
    completionOf(job, {
      state: 'completed',
      attempt: nth < 3 ? 0 : 1,
      stalls: 0,
      keep: 60_000,
      result: `${nth}`,
    }),
  );
  // All alike, then one that is not, then those whose counts have changed.
  expect((await storage.complete(ending.slice(0, 2))).results).toEqual(['recorded', 'recorded']);
  await storage.progress(jobs.slice(2, 3).map((lease) => ({ lease, progress: '"half"' })));
  const { results } = await storage.complete([...ending, ...ending.slice(0, 1)]);
  expect(results).toEqual(Array.from({ length: 6 }, () => 'recorded'));
  expect(await storage.info(ids)).toMatchObject(
    ids.map((id, nth) => ({
      ...{ id, state: 'completed', result: `${nth}`, attempt: nth < 3 ? 0 : 1 },
      ...(nth === 2 && { progress: '"half"' }),
    })),
  );
  expect((await storage.stats())[0]).toMatchObject({ running: 0, completed: 5 });
  await clock.advance(60_000);
  expect(await storage.prune(100)).toBe(5);
  const left = await server.ask((client) => client.keys('*'));
  expect(left.filter((key) => /:(jobs|states|results|progress|claims|ended|arrivals)/.test(key))).toEqual([]);
});
