import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import {
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
  retryingIn,
} from '../../../lib/testing/contract/job-factories.js';
import { noRedis, PrivateServer } from './private-server.js';

let server: PrivateServer;
let storage: RedisStorage;

beforeAll(async () => {
  server = await PrivateServer.start('--appendonly', 'yes', '--maxmemory', '6mb');
  storage = new RedisStorage({ url: server.url });
  await storage.open();
});

afterAll(async () => {
  await storage.close();
  await server.remove();
});

it.skipIf(noRedis)(
  'a full server refuses jobs wholly, loses none, lets what it has be worked off, and then takes more',
  async () => {
    const stored: string[] = [];
    const refused: string[][] = [];
    const problems = new Set<string | undefined>();
    while (refused.length < 20) {
      const jobs = jobsOf(5, { payload: JSON.stringify('x'.repeat(2_000)) });
      const ids = jobs.map(({ id }) => id);
      const problem = await storage.push(jobs).then(
        () => undefined,
        (error: { readonly code: string }) => error.code,
      );
      problems.add(problem);
      if (problem === undefined) stored.push(...ids);
      else refused.push(ids);
    }
    expect([...problems]).toEqual([undefined, 'STORAGE_FULL']);
    expect(stored.length).toBeGreaterThan(100);
    const kept = await storage.info(stored);
    expect(kept.every((record) => record?.state === 'ready')).toBe(true);
    const dropped = await storage.info(refused.flat());
    expect(dropped.every((record) => record === undefined)).toBe(true);
    const unique = { key: 'k', while: 'live' } as const;
    // What the server frees by itself meanwhile may just do for one job.
    for (let isRefused = false; !isRefused;) {
      const job = jobOf({ unique, payload: 'x'.repeat(2_000) });
      isRefused = await storage.push([job]).then(
        () => false,
        (error: { readonly code: string }) => error.code === 'STORAGE_FULL',
      );
      if (!isRefused) await storage.remove([job.id]);
      if (!isRefused) await storage.push(jobsOf(5, { payload: 'x'.repeat(2_000) })).catch(() => {});
    }

    // Taken and ended while memory is as full as before.
    const { jobs } = await storage.pop(requestOf({ limit: 50, lease: 60_000 }));
    expect(jobs).toHaveLength(50);
    expect(await storage.release(jobs.slice(0, 5))).toEqual(Array.from({ length: 5 }, () => 'recorded'));
    const retried = await storage.complete(
      jobs.slice(5, 10).map((job) => completionOf(job, retryingIn(60_000))),
    );
    expect(retried.results).toEqual(Array.from({ length: 5 }, () => 'recorded'));
    const kept60 = { state: 'completed', attempt: 0, stalls: 0, keep: 60_000 } as const;
    const withRecord = await storage.complete(jobs.slice(10, 20).map((job) => completionOf(job, kept60)));
    expect(withRecord.results.every((result) => result === 'recorded')).toBe(true);
    const rest = jobs.slice(20);
    const done = { state: 'completed', attempt: 0, stalls: 0, keep: false } as const;
    const { results } = await storage.complete(rest.map((job) => completionOf(job, done)));
    expect(results.every((result) => result === 'recorded')).toBe(true);
    expect((await storage.complete(rest.map((job) => completionOf(job, done)))).results).toEqual(
      rest.map(() => 'gone'),
    );
    for (;;) {
      const more = (await storage.pop(requestOf({ limit: 100, lease: 60_000 }))).jobs;
      if (more.length === 0) break;
      await storage.complete(more.map((job) => completionOf(job, done)));
    }
    await expect(storage.push([jobOf({ unique })])).resolves.toMatchObject([{ duplicate: false }]);
  },
);
