import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import {
  beatOf,
  completionOf,
  deadFor,
  jobOf,
  jobsOf,
  requestOf,
  retryingIn,
  scheduleOf,
} from '../../../lib/testing/contract/job-factories.js';
import { eventually } from './eventually.js';
import { noRedis, PrivateServer } from './private-server.js';

let server: PrivateServer;
let client: Cluster;

beforeAll(async () => {
  server = await PrivateServer.start(
    '--appendonly',
    'yes',
    '--cluster-enabled',
    'yes',
    '--cluster-announce-ip',
    '127.0.0.1',
  );
  await server.ask(async (node) => {
    // One by one: ranges came with Redis 7.
    await node.cluster('ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot));
    await eventually(
      async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      'the cluster',
    );
  });
  client = new Cluster([{ host: '127.0.0.1', port: server.port }]);
});

afterAll(async () => {
  client.disconnect();
  await server.remove();
});

it.skipIf(noRedis)('works on a cluster, and keeps all keys of one storage in one slot', async () => {
  const storage = new RedisStorage({ client, prefix: 'shop' });
  const other = new RedisStorage({ client, prefix: 'shop' });
  const heard: string[] = [];
  await Promise.all([storage.open(), other.open()]);
  storage.subscribe((signal) => void (signal.kind === 'ready' && heard.push(...(signal.queues ?? ['any']))));
  await eventually(() => heard.length > 0, 'it listens');
  heard.length = 0;
  const unique = { key: 'k', while: 'live' } as const;
  await other.push([...jobsOf(4), jobOf({ queue: 'mail', unique }), jobOf({ due: { in: 60_000 } })]);
  await eventually(() => heard.length > 0, 'news of the other');
  const queues = ['default', 'mail'].map((queue) => ({ queue, limit: 9 }));
  const { jobs } = await storage.pop(requestOf({ queues, lease: 60_000 }));
  expect(jobs).toHaveLength(5);
  const [a, b, c] = jobs;
  if (!a || !b || !c) throw new Error('three jobs run');
  await storage.progress([{ lease: b, progress: '1' }]);
  await storage.heartbeat(beatOf(jobs));
  await storage.cancel([c.id], 'enough');
  await storage.pause('mail', 'held');
  await storage.putSchedules([scheduleOf()]);
  const ends = [completionOf(a), completionOf(b, deadFor()), completionOf(c, retryingIn(0))];
  expect((await storage.complete(ends, requestOf())).results).toEqual(['recorded', 'recorded', 'recorded']);
  expect((await storage.stats()).map(({ queue, running }) => [queue, running])).toEqual([
    ['default', 1],
    ['mail', 1],
  ]);
  const slots = await server.ask(async (node) => {
    const keys = await node.keys('*');
    expect(keys.length).toBeGreaterThan(15);
    return Promise.all(keys.map((key) => node.call('CLUSTER', 'KEYSLOT', key)));
  });
  expect(new Set(slots).size).toBe(1);
  await Promise.all([storage.close(), other.close()]);
  expect(await client.ping()).toBe('PONG');
});
