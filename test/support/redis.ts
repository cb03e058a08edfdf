import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisStorage } from '../../lib/drivers/redis/index.js';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import { servers } from './servers/servers.js';
import type { StorageRow } from './storages.js';

/** The server that the tests have key prefixes of their own on. */
export const REDIS_URL = 'url' in servers.redis ? servers.redis.url : 'redis://127.0.0.1';

export const redis: StorageRow = {
  name: 'redis',
  ...('unavailable' in servers.redis && servers.redis),
  async create(clock = new FakeClock()) {
    const prefix = newPrefix();
    return {
      clock,
      create: () => new RedisStorage({ url: REDIS_URL, prefix, clock }),
      advance: (milliseconds) => clock.advance(milliseconds),
      dispose: () => removeKeys(prefix),
    };
  },
};

export function newPrefix(): string {
  return `test-${randomUUID()}`;
}

/** Deletes the keys of one test's prefix, and no others. */
export async function removeKeys(prefix: string): Promise<void> {
  const client = new Redis(REDIS_URL);
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `{${prefix}}:*`, 'COUNT', 1_000);
    if (keys.length > 0) await client.unlink(...keys);
    cursor = next;
  } while (cursor !== '0');
  client.disconnect();
}
