import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Storage } from '../../../lib/storage/storage.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
} from '../../../lib/testing/contract/job-factories.js';
import type { StorageUnderTest } from '../../../lib/testing/contract/storage-under-test.js';
import { noRedis, PrivateServer } from './private-server.js';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

// Lua has room for 7,999 values at once, and Redis writes large numbers its own way: both have stopped queues before.

let server: PrivateServer;
let subject: Pick<StorageUnderTest, 'advance'>;
let storage: Storage;

beforeEach(async () => {
  server = await PrivateServer.start('--appendonly', 'yes');
  const clock = new FakeClock();
  subject = { advance: (milliseconds) => clock.advance(milliseconds) };
  storage = new RedisStorage({ url: server.url, clock });
  await storage.open();
});

afterEach(async () => {
  await storage.close();
  await server.remove();
});

it.skipIf(noRedis)(
  'nine thousand jobs in one push are stored wholly, run, kept alive, rescued, listed and removed',
  async () => {
    const jobs = jobsOf(9_000);
    const ids = jobs.map(({ id }) => id);
    const pushed = await storage.push(jobs);
    expect(pushed.every(({ duplicate }) => !duplicate)).toBe(true);
    expect((await storage.push(jobs)).every(({ duplicate }) => duplicate)).toBe(true);
    const { jobs: leased } = await storage.pop(requestOf({ limit: 9_000, lease: 1_000 }));
    expect(leased.map(({ id }) => id)).toEqual(ids);
    expect(await storage.heartbeat(beatOf(leased))).toEqual({ lost: [], cancelled: [] });
    await subject.advance(1_001);
    expect(await storage.rescue(9_000, 3)).toHaveLength(9_000);
    const { jobs: again } = await storage.pop(requestOf({ limit: 4_500, lease: 60_000 }));
    expect(again.map(({ id }) => id)).toEqual(ids.slice(0, 4_500));
    const keepNone = { state: 'completed', attempt: 0, stalls: 0, keep: false } as const;
    await storage.complete(again.map((job) => completionOf(job, keepNone)));
    const results = await storage.cancel(ids, 'all');
    expect(results.slice(0, 4_500).every((result) => result === 'unknown')).toBe(true);
    expect(results.slice(4_500).every((result) => result === 'cancelled')).toBe(true);
    const page = await storage.list({ state: 'cancelled', limit: 3 });
    expect(page.jobs.map(({ id }) => id)).toEqual(ids.slice(-3).toReversed());
    await storage.remove(ids);
    await subject.advance(366 * 86_400_000);
    await server.ask((client) => client.config('RESETSTAT'));
    await storage.prune(1);
    // However few are asked for, what is gone is passed by whole: one by one it took the server three seconds.
    expect(await server.ask((client) => client.info('commandstats'))).not.toContain('cmdstat_zadd');
    const left = await server.ask((client) => client.keys('*'));
    // Nothing of a job is left behind, only what is known of queues.
    const known = ['arrived', 'completed', 'lanes', 'lanes:numbers', 'lanes:texts'];
    const others = ['policies', 'policies:numbers', 'queues', 'runners', 'runners:until'];
    expect(left.toSorted()).toEqual([...known, ...others].map((key) => `{jobs}:${key}`));
  },
);

it.skipIf(noRedis)('to walk past what is gone holds the server for ten thousand jobs at a time', async () => {
  const gone = `for nth = 1, 50 do
    local ids = {}
    for other = 1, 1000 do ids[other] = 'gone ' .. 1000 * nth + other end
    redis.call('ZADD', KEYS[1], 1, cmsgpack.pack(ids))
  end`;
  await server.ask((client) => client.eval(gone, 1, '{jobs}:ended'));
  await server.ask((client) => client.config('RESETSTAT'));
  expect(await storage.prune(1)).toBe(0);
  expect(await server.ask((client) => client.exists('{jobs}:ended'))).toBe(0);
  const { calls = '0' } =
    /cmdstat_evalsha:calls=(?<calls>\d+)/.exec(await server.ask((client) => client.info('commandstats')))
      ?.groups ?? {};
  expect(Number(calls)).toBeGreaterThanOrEqual(5);
});

it.skipIf(noRedis)('a runner may know nine thousand names', async () => {
  const names = Array.from({ length: 9_000 }, (_, nth) => `name ${nth}`);
  const jobs = names.map((name, nth) => jobOf({ name, priority: -nth }));
  await storage.push(jobs);
  const { jobs: taken, nextIn } = await storage.pop(requestOf({ names, limit: 5 }));
  expect(taken.map(({ id }) => id)).toEqual(
    jobs
      .slice(-5)
      .map(({ id }) => id)
      .toReversed(),
  );
  expect(nextIn).toBe(0);
  expect((await storage.stats())[0]).toMatchObject({ ready: 8_995, running: 5 });
});

it.skipIf(noRedis)(
  'the oldest of many that wait is found behind whatever else a listing walks past',
  async () => {
    const [first] = await storage.push([jobOf({ name: 'rare' })]);
    await storage.push(jobsOf(7_000));
    const { jobs, cursor } = await storage.list({ name: 'rare', limit: 1 });
    expect([jobs.map(({ id }) => id), cursor]).toEqual([[first?.id], undefined]);
    expect(await storage.list({ state: 'dead', limit: 1 })).toEqual({ jobs: [] });
  },
);

it.skipIf(noRedis)(
  'names of 4,000 characters, with NUL and with line breaks come back as they were',
  async () => {
    const names = ['ü'.repeat(4_000), 'a\0b', 'a\r\nb', '$5\r\nhello\r\n', "'] }) redis.call('FLUSHALL') --"];
    for (const name of names) {
      const job = jobOf({ id: name, name, queue: name, unique: { key: name, while: 'live' }, meta: name });
      await storage.push([job]);
      const request = requestOf({ runner: name, names: [name], queues: [{ queue: name, limit: 1 }] });
      const [leased] = (await storage.pop(request)).jobs;
      expect(leased).toMatchObject({ id: name, name, queue: name, meta: name });
      expect((await storage.info([name]))[0]).toMatchObject({ runner: name, uniqueKey: name });
    }
    // What UTF-8 cannot say is replaced, as on SQLite; the core lets none of it through.
    const [odd] = await storage.push([jobOf({ queue: 'odd', payload: '"\ud800"' })]);
    expect((await storage.info([odd?.id ?? '']))[0]?.payload).toBe('"\ufffd"');
  },
);

it.skipIf(noRedis)('an urgent job goes first, however many fall due along with it', async () => {
  const urgent = jobOf({ priority: -1, due: { in: 1_001 } });
  await storage.push([...jobsOf(2_500, { due: { in: 1_000 } }), urgent]);
  await subject.advance(2_000);
  const { jobs } = await storage.pop(requestOf({ limit: 1 }));
  expect(jobs.map(({ id }) => id)).toEqual([urgent.id]);
});
