import { afterEach, beforeEach, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import { completionOf, jobOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { noRedis, PrivateServer } from './private-server.js';

// A turn stands in the lanes while its group does, and in the group while that is apart.

const NAME = jobOf().name;

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

async function take(limit: number, names = [NAME]) {
  return (await storage.pop(requestOf({ names, limit }))).jobs;
}

async function groupsTaken(limit: number, names?: string[]): Promise<string> {
  return (await take(limit, names)).map(({ group }) => group).join(' ');
}

it.skipIf(noRedis)('a group that stood apart goes on with the turn it had', async () => {
  const names = [NAME, 'other'];
  for (const group of ['a', 'b', 'c']) {
    await storage.push([...jobsOf(2, { group }), ...jobsOf(2, { group, name: 'other' })]);
  }
  expect(await groupsTaken(2, names)).toBe('a b');
  await storage.pause('default', '', 'a');
  await storage.resume('default', 'a');
  expect(await groupsTaken(3, names)).toBe('c a b');
});

it.skipIf(noRedis)('a group has one turn, whatever the names of its jobs', async () => {
  await storage.push([jobOf({ group: 'a' }), jobOf({ group: 'b' })]);
  await storage.push([jobOf({ group: 'b', name: 'late' }), jobOf({ group: 'a', name: 'late' })]);
  expect(await groupsTaken(2, ['late'])).toBe('a b');
});

it.skipIf(noRedis)(
  'a group is forgotten that was held back when its last waiting job was removed',
  async () => {
    await storage.limit('default', { groups: { concurrency: 1 } });
    const [first, second] = jobsOf(2, { group: 'a' });
    await storage.push([first, second].flatMap((job) => job ?? []));
    const running = await take(2);
    expect(running.map(({ id }) => id)).toEqual([first?.id]);
    await storage.remove([second?.id ?? '']);
    await storage.complete(running.map((job) => completionOf(job)));
    const left = await server.ask((client) => client.keys('*'));
    expect(left.filter((key) => /:(group|later|lines|started|turns|g?ready):/.test(key))).toEqual([]);
  },
);

it.skipIf(noRedis)('a group whose first jobs nobody took in time does not lose its turn for it', async () => {
  // More than are set aside before a claim goes ahead.
  await storage.push(jobsOf(10_500, { group: 'a', expiresIn: 10 }));
  await storage.push([jobOf({ group: 'a' }), jobOf({ group: 'b' }), jobOf({ group: 'a' })]);
  await clock.advance(20);
  expect(await groupsTaken(3)).toBe('a b a');
});
