import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisStorage } from '../../lib/drivers/redis/index.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import type { StorageRow } from './storages.js';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const problem = await findProblem();

export const redis: StorageRow = {
  name: 'redis',
  ...(problem === undefined ? {} : { unavailable: problem }),
  async create(clock = new FakeClock()) {
    const prefix = `test-${randomUUID()}`;
    return {
      clock,
      create: () => new RedisStorage({ url, prefix, clock }),
      advance: (milliseconds) => clock.advance(milliseconds),
      dispose: () => removeKeys(prefix),
    };
  },
};

/** Why no Redis can be used here. */
async function findProblem(): Promise<string | undefined> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
    return undefined;
  } catch (error) {
    return `${url} does not answer: ${(error as Error).message}`;
  } finally {
    client.disconnect();
  }
}

/** Deletes the keys of one test's prefix, and no others. */
async function removeKeys(prefix: string): Promise<void> {
  const client = new Redis(url);
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `{${prefix}}:*`, 'COUNT', 1_000);
    if (keys.length > 0) await client.unlink(...keys);
    cursor = next;
  } while (cursor !== '0');
  client.disconnect();
}
