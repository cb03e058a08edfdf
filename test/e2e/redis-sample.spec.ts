import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { RedisStorage } from '../../lib/drivers/redis/index.js';
import { needServer } from '../support/need-server.js';
import { removeKeys } from '../support/redis.js';
import type { Actor } from './actor.js';
import { isRunning, startSample } from './sample.js';

const PHOTOS = 2_000;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

it('shows that a killed process costs no job, and leaves no process', async ({ skip }) => {
  const url = needServer('redis', skip);
  const prefix = `test-${randomUUID()}`;
  cleanups.push(() => removeKeys(prefix));
  const sample = start({ REDIS_URL: url, JOBS_PREFIX: prefix, PHOTOS: String(PHOTOS) });
  expect(await sample.ended, sample.output).toEqual({ code: 0, signal: null });

  const [, killed = ''] = sample.output.match(/^kill -9 (\d+)/m) ?? [];
  expect(sample.output).toMatch(new RegExp(`process ${killed}: \\d+ jobs/s   process \\d+: \\d+ jobs/s`));
  expect(sample.output).toMatch(new RegExp(`process ${killed}: gone   process \\d+: \\d+ jobs/s   left: 0`));
  expect(sample.output).toMatch(/[1-9]\d* ran again; 0 lost an attempt/);
  expect(sample.output).toContain(`--pattern '{${prefix}}:*'`);
  const pids = [...sample.output.matchAll(/process (\d+):/g)].map(([, pid]) => Number(pid));
  expect(new Set(pids).size).toBe(2);
  expect(pids.filter(isRunning)).toEqual([]);

  const storage = new RedisStorage({ url, prefix });
  await storage.open();
  cleanups.push(() => storage.close());
  expect(await storage.stats()).toMatchObject([
    { ready: 0, running: 0, completed: PHOTOS, failed: 0, dead: 0 },
  ]);
});

it('says what it needs where no Redis answers, and no password', async () => {
  const sample = start({ REDIS_URL: 'redis://user:hidden@127.0.0.1:1' });
  expect(await sample.ended, sample.output).toEqual({ code: 1, signal: null });
  expect(sample.output).toContain('at 127.0.0.1:1');
  expect(sample.output).toContain('REDIS_URL=');
  expect(sample.output).not.toContain('hidden');
});

function start(env: NodeJS.ProcessEnv): Actor {
  const sample = startSample('03-redis', env);
  cleanups.push(() => sample.end('SIGTERM'));
  return sample;
}
