import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { RedisStorage, type RedisStorageOptions } from '../../../lib/drivers/redis/index.js';
import { jobOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { eventually, listenToWarnings } from './eventually.js';
import { noRedis, PrivateServer } from './private-server.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serverWith(...settings: string[]): Promise<PrivateServer> {
  const server = await PrivateServer.start(...settings);
  cleanups.push(() => server.remove());
  return server;
}

function storageOn(options: RedisStorageOptions): RedisStorage {
  const storage = new RedisStorage(options);
  cleanups.push(() => storage.close());
  return storage;
}

it.skipIf(noRedis)('refuses options that are unknown, missing or impossible', () => {
  const client = new Redis({ lazyConnect: true, keyPrefix: 'mine:' });
  const impossible: unknown[] = [
    {},
    { url: 'redis://127.0.0.1', client: new Redis({ lazyConnect: true }) },
    { url: 'http://127.0.0.1' },
    { url: 'redis://127.0.0.1', prefix: '' },
    { url: 'redis://127.0.0.1', prefix: 'a{b}' },
    { url: 'redis://127.0.0.1', prefx: 'a' },
    { client },
  ];
  for (const options of impossible) {
    expect(() => new RedisStorage(options as RedisStorageOptions), JSON.stringify(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  }
});

it.skipIf(noRedis)(
  'refuses a server that may drop jobs when memory is short, and opens once it does not any more',
  async () => {
    const server = await serverWith('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'yes');
    const storage = storageOn({ url: server.url });
    await expect(storage.open()).rejects.toMatchObject({
      code: 'STORAGE_OPEN',
      message: expect.stringMatching(/allkeys-lru.*noeviction/),
    });
    expect(await server.ask((client) => client.dbsize())).toBe(0);
    await server.ask((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
    await storage.open();
    await expect(storage.push([jobOf()])).resolves.toMatchObject([{ duplicate: false }]);
  },
);

it.skipIf(noRedis)(
  'warns of a server without append-only file, once, and not of one that has it',
  async () => {
    const [without, safe] = [await serverWith('--appendonly', 'no'), await serverWith('--appendonly', 'yes')];
    const warnings = listenToWarnings();
    cleanups.push(() => warnings.stop());
    await storageOn({ url: safe.url }).open();
    for (let nth = 0; nth < 3; nth += 1) await storageOn({ url: without.url }).open();
    await eventually(() => warnings.codes.length > 0, 'the warning');
    expect(warnings.codes).toEqual(['JOBS_REDIS_NO_AOF']);
  },
);

it.skipIf(noRedis)('opens with a warning where the server does not tell about itself', async () => {
  const server = await serverWith('--appendonly', 'yes');
  await server.ask((client) =>
    client.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info'),
  );
  const warnings = listenToWarnings();
  cleanups.push(() => warnings.stop());
  const storage = storageOn({ url: `redis://app:secret@127.0.0.1:${server.port}` });
  await storage.open();
  await eventually(() => warnings.codes.includes('JOBS_REDIS_UNCHECKED'), 'the warning');
  await storage.push([jobOf()]);
});

it.skipIf(noRedis)('refuses a server that is too old', async () => {
  const server = await serverWith('--appendonly', 'yes');
  const client = new Redis(server.port);
  cleanups.push(() => client.disconnect());
  const call = client.call.bind(client) as (command: string, ...args: string[]) => Promise<unknown>;
  const old = Object.assign(client, {
    call: async (command: string, ...args: string[]) =>
      command === 'info' ? 'redis_version:6.0.16\r\nmaxmemory_policy:noeviction\r\n' : call(command, ...args),
  });
  await expect(storageOn({ client: old }).open()).rejects.toMatchObject({
    code: 'STORAGE_OPEN',
    message: expect.stringContaining('6.0.16'),
  });
});

it.skipIf(noRedis)(
  'refuses keys of another owner, and data of a newer version, and touches neither',
  async () => {
    const server = await serverWith('--appendonly', 'yes');
    await server.ask(async (client) => {
      await client.set('{list}:jobs', 'theirs');
      await client.set('{text}:lanes', 'theirs');
      await client.set('{newer}:lanes', '9 abc 0');
    });
    for (const [prefix, code] of [
      ['list', 'STORAGE_OPEN'],
      ['text', 'STORAGE_OPEN'],
      ['newer', 'STORAGE_VERSION'],
    ] as const) {
      const opening = storageOn({ url: server.url, prefix }).open();
      await expect(opening, prefix).rejects.toMatchObject({
        code,
        message: expect.stringContaining(`{${prefix}}`),
      });
    }
    const left = await server.ask((client) => client.mget('{list}:jobs', '{text}:lanes', '{newer}:lanes'));
    expect(left).toEqual(['theirs', 'theirs', '9 abc 0']);
  },
);

it.skipIf(noRedis)('says that nobody answers, and opens once somebody does', async () => {
  const server = await serverWith('--appendonly', 'yes');
  await server.crash();
  const storage = storageOn({ url: server.url });
  const began = Date.now();
  await expect(storage.open()).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  expect(Date.now() - began).toBeLessThan(8_000);
  await server.resume();
  await storage.open();
  await storage.push([jobOf()]);
});

it.skipIf(noRedis)('says that a password is wrong', async () => {
  const server = await serverWith('--appendonly', 'yes');
  await server.ask((client) => client.config('SET', 'requirepass', 'right'));
  const storage = storageOn({ url: `redis://:wrong@127.0.0.1:${server.port}` });
  await expect(storage.open()).rejects.toMatchObject({ code: 'STORAGE_OPEN' });
});

it.skipIf(noRedis)('works on the client of the application, and leaves it as it was', async () => {
  const server = await serverWith('--appendonly', 'yes');
  const client = new Redis(server.port, { lazyConnect: true });
  cleanups.push(() => client.disconnect());
  const storage = storageOn({ client, prefix: 'it’s: *?[a] "quoted"' });
  expect(client.status).toBe('wait');
  storage.subscribe(() => {});
  await storage.open();
  await storage.push(jobsOf(3));
  expect((await storage.pop(requestOf())).jobs).toHaveLength(3);
  await storage.close();
  expect(await client.ping()).toBe('PONG');
  await eventually(
    async () => ((await client.client('LIST')) as string).trim().split('\n').length === 1,
    'only the connection of the application is left',
  );
});

it.skipIf(noRedis)('needs no second connection until somebody listens', async () => {
  const server = await serverWith('--appendonly', 'yes');
  const storage = storageOn({ url: server.url });
  await storage.open();
  await storage.push([jobOf()]);
  const connections = () =>
    server.ask(async (client) => ((await client.client('LIST')) as string).trim().split('\n').length - 1);
  expect(await connections()).toBe(1);
  storage.subscribe(() => {});
  await eventually(async () => (await connections()) === 2, 'the second connection');
});
