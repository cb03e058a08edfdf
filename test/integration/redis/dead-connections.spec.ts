import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { RedisStorage, type RedisStorageOptions } from '../../../lib/drivers/redis/index.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { eventually } from './eventually.js';
import { noRedis, PrivateServer } from './private-server.js';

type OnEnd = (clean: () => Promise<void>) => unknown;

/** Between a storage and its server is a network that loses what it is told to, and resets nothing by itself. */
async function opened(onEnd: OnEnd, optionsOn = (url: string): RedisStorageOptions => ({ url })) {
  const server = await PrivateServer.start('--appendonly', 'yes');
  onEnd(() => server.remove());
  const proxy = await FaultProxy.before(server.url);
  onEnd(() => proxy.close());
  const storage = new RedisStorage(optionsOn(proxy.url));
  onEnd(() => storage.close());
  await storage.open();
  const answers = () =>
    storage.push([jobOf()]).then(
      () => true,
      () => false,
    );
  return { server, proxy, storage, answers };
}

describe.skipIf(noRedis)(
  'a connection that is dead, and that nobody ends,',
  { concurrent: true, timeout: 60_000 },
  () => {
    it('is replaced once an answer is late, as often as that happens', async ({ onTestFinished }) => {
      const { proxy, storage, answers } = await opened(onTestFinished);
      for (let round = 0; round < 2; round += 1) {
        expect(proxy.loseRepliesTo(''), `round ${round}`).toBeGreaterThan(0);
        await expect(storage.now()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
        await eventually(answers, `round ${round}: it answers again`);
      }
    });

    it('is replaced though it died before it was of use', async ({ onTestFinished }) => {
      const { proxy, answers } = await opened(onTestFinished);
      proxy.resetNew();
      proxy.reset();
      await eventually(() => proxy.connections === 0, 'the first one has gone');
      await proxy.heal();
      // Time to lose an answer that is on its way.
      proxy.delay(1_000);
      await eventually(() => proxy.loseRepliesTo('') === 1, 'another is made');
      proxy.delay(0);
      await eventually(answers, 'it answers again');
    });

    it('is left to the application where that made it', async ({ onTestFinished }) => {
      let client: Redis | undefined;
      const { proxy, storage } = await opened(onTestFinished, (url) => {
        client = new Redis(url);
        return { client };
      });
      onTestFinished(() => client?.disconnect());
      let closed = 0;
      client?.on('close', () => void (closed += 1));
      proxy.loseRepliesTo('');
      await expect(storage.now()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      // As long as it takes to end one.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect([client?.status, closed]).toEqual(['ready', 0]);
    });
  },
);

it.skipIf(noRedis)(
  'a connection to a server that may not write any more is replaced: after a failover another does',
  async ({ onTestFinished }) => {
    const { server, answers } = await opened(onTestFinished);
    const idsOf = () =>
      server.ask(async (client) => {
        const all = String(await client.call('CLIENT', 'LIST', 'TYPE', 'normal')).matchAll(
          /^id=(\d+) .*cmd=(\S+)/gm,
        );
        return [...all].filter(([, , command]) => command?.startsWith('eval')).map(([, id]) => id);
      });
    await answers();
    const [before] = await idsOf();
    expect(before).toBeDefined();
    await server.ask((client) => client.replicaof('127.0.0.1', '1'));
    expect(await answers()).toBe(false);
    await server.ask((client) => client.replicaof('NO', 'ONE'));
    await eventually(answers, 'it stores again');
    expect(await idsOf()).not.toContain(before);
  },
);
