import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import type { Signal } from '../../../lib/storage/signal.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
  scheduleOf,
} from '../../../lib/testing/contract/job-factories.js';
import { eventually } from './eventually.js';
import { noRedis, PrivateServer } from './private-server.js';

const cleanups: (() => unknown)[] = [];
let server: PrivateServer;
let storage: RedisStorage;

beforeEach(async () => {
  server = await PrivateServer.start('--appendonly', 'yes');
  cleanups.push(() => server.remove());
  storage = await opened();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function opened(): Promise<RedisStorage> {
  const one = new RedisStorage({ url: server.url });
  cleanups.push(() => one.close());
  await one.open();
  return one;
}

it.skipIf(noRedis)('a server that forgot its scripts is told them again, whatever is called', async () => {
  const job = jobOf();
  const calls: (() => Promise<unknown>)[] = [
    () => storage.push([job]),
    () => storage.pop(requestOf()),
    () => storage.heartbeat(beatOf([{ id: job.id, token: 1 }])),
    () => storage.complete([completionOf({ id: job.id, token: 1 })], requestOf()),
    () => storage.info([job.id]),
    () => storage.list({ limit: 1 }),
    () => storage.stats(),
    () => storage.putSchedules([scheduleOf()]),
    () => storage.rescue(10, 3),
    () => storage.prune(10),
  ];
  for (const call of calls) {
    await server.ask((client) => client.script('FLUSH'));
    await call();
  }
  expect((await storage.info([job.id]))[0]?.state).toBe('completed');
});

it.skipIf(noRedis)(
  'killed connections come back by themselves, and the listener tells that it may have missed something',
  async () => {
    const heard: Signal[] = [];
    storage.subscribe((signal) => heard.push(signal));
    const other = await opened();
    // A lane that this process has not met is told of without its queue.
    await storage.push([jobOf({ queue: 'mail' })]);
    for (let round = 0; round < 3; round += 1) {
      await eventually(() => heard.some(({ kind }) => kind === 'ready'), `round ${round}: it listens`);
      heard.length = 0;
      const killed = await server.ask((client) => client.client('KILL', 'TYPE', 'pubsub'));
      expect(killed).toBe(1);
      await eventually(
        () => heard.some((signal) => signal.kind === 'ready' && signal.queues === undefined),
        `round ${round}: anything may be ready`,
      );
      heard.length = 0;
      await other.push([jobOf({ queue: 'mail' })]);
      await eventually(
        () => heard.some((signal) => signal.kind === 'ready' && signal.queues?.includes('mail')),
        `round ${round}: the news of another`,
      );
    }
    await server.ask((client) => client.client('KILL', 'TYPE', 'normal'));
    await eventually(
      () =>
        storage.push([jobOf()]).then(
          () => true,
          () => false,
        ),
      'it stores again',
    );
  },
);

it.skipIf(noRedis)(
  'a server that does not answer is given up in time, and what was asked again makes one job',
  async () => {
    const job = jobOf();
    server.freeze();
    const began = Date.now();
    await expect(storage.push([job])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(Date.now() - began).toBeLessThan(9_000);
    server.thaw();
    await eventually(
      () =>
        storage.push([job]).then(
          () => true,
          () => false,
        ),
      'it answers again',
    );
    expect((await storage.list({ limit: 10 })).jobs.map(({ id }) => id)).toEqual([job.id]);
  },
);

it.skipIf(noRedis)(
  'closing a storage whose server does not answer takes no longer than two seconds',
  async () => {
    server.freeze();
    const push = storage.push([jobOf()]).catch(() => {});
    const began = Date.now();
    await storage.close();
    expect(Date.now() - began).toBeLessThan(3_000);
    server.thaw();
    await push;
  },
);

it.skipIf(noRedis)('a claim that the client sent twice costs no job more than its lease', async () => {
  const client = new Redis(server.port);
  cleanups.push(() => client.disconnect());
  const lent = new RedisStorage({ client });
  cleanups.push(() => lent.close());
  await lent.open();
  await lent.push(jobsOf(2));
  const request = requestOf({ limit: 1, lease: 50 });
  await lent.pop(request);
  // The reply of this one is thrown away, as when a connection breaks and the client sends again.
  await lent.pop(request);
  await eventually(
    async () => (await lent.rescue(10, 3)).length > 0 && (await lent.stats())[0]?.running === 0,
    'rescued',
  );
  expect((await lent.pop(requestOf())).jobs).toHaveLength(2);
});

it.skipIf(noRedis)(
  'pushes of one moment share a round trip, and one that fails takes no other with it',
  async () => {
    const client = new Redis(server.port);
    cleanups.push(() => client.disconnect());
    const call = client.call.bind(client) as (...args: unknown[]) => Promise<unknown>;
    let scripts = 0;
    const counting = Object.assign(client, {
      call: async (command: string, ...args: unknown[]) => {
        scripts += command === 'evalsha' ? 1 : 0;
        const texts = args.flat();
        // Stands for whatever may be wrong with one job alone.
        if (command === 'evalsha' && texts.some((text) => String(text).includes('odd'))) {
          throw new Error('ERR this one is odd');
        }
        return call(command, ...args);
      },
    });
    const lent = new RedisStorage({ client: counting });
    cleanups.push(() => lent.close());
    await lent.open();
    await lent.push([jobOf()]);
    scripts = 0;
    await Promise.all(jobsOf(100).map((job) => lent.push([job])));
    expect(scripts).toBe(1);
    const pushes = ['fine', 'odd', 'fine too'].map((payload) => lent.push([jobOf({ payload })]));
    const ends = await Promise.allSettled(pushes);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await lent.stats())[0]?.ready).toBe(103);
  },
);
