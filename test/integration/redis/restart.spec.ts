import { afterEach, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import {
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
  scheduleOf,
} from '../../../lib/testing/contract/job-factories.js';
import { eventually, listenToWarnings } from './eventually.js';
import { noRedis, PrivateServer } from './private-server.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function opened(...settings: string[]): Promise<{ server: PrivateServer; storage: RedisStorage }> {
  const server = await PrivateServer.start(...settings);
  cleanups.push(() => server.remove());
  const storage = new RedisStorage({ url: server.url });
  cleanups.push(() => storage.close());
  await storage.open();
  return { server, storage };
}

it.skipIf(noRedis)(
  'with an append-only file a crash of the server loses nothing, and nobody has to be restarted',
  async () => {
    const { server, storage } = await opened('--appendonly', 'yes', '--appendfsync', 'always');
    const heard: string[] = [];
    storage.subscribe(({ kind }) => void heard.push(kind));
    const jobs = jobsOf(20);
    await storage.push(jobs);
    const { jobs: leased } = await storage.pop(requestOf({ limit: 5, lease: 60_000 }));
    await storage.putSchedules([scheduleOf()]);
    const before = [
      await storage.info(jobs.map(({ id }) => id)),
      await storage.stats(),
      await storage.schedules(),
    ];
    await eventually(() => heard.includes('cancel'), 'the listener has subscribed');
    heard.length = 0;
    await server.crash();
    const during = storage.push([jobOf()]).then(
      () => 'stored',
      (error: { code: string }) => error.code,
    );
    await server.resume();
    expect(['stored', 'STORAGE_UNAVAILABLE']).toContain(await during);
    await eventually(
      () =>
        storage.now().then(
          () => true,
          () => false,
        ),
      'it answers again',
    );
    const [, ...firstRecords] = (await storage.list({ limit: 100 })).jobs.toReversed();
    expect(firstRecords.length).toBeGreaterThanOrEqual(19);
    expect(await storage.info(jobs.map(({ id }) => id))).toEqual(before[0]);
    expect(await storage.schedules()).toEqual(before[2]);
    const { results } = await storage.complete(leased.map((job) => completionOf(job)));
    expect(results).toEqual(leased.map(() => 'recorded'));
    // Whatever was missed meanwhile: anything may be ready.
    await eventually(() => heard.includes('ready'), 'news after the restart');
  },
);

it.skipIf(noRedis)('without persistence it says that the jobs are gone, and goes on', async () => {
  const { server, storage } = await opened('--appendonly', 'no');
  const other = new RedisStorage({ url: server.url });
  cleanups.push(() => other.close());
  await other.open();
  const warnings = listenToWarnings();
  cleanups.push(() => warnings.stop());
  const lost = jobsOf(3, { queue: 'first' });
  await storage.push([...lost, jobOf({ queue: 'second' })]);
  await storage.putSchedules([scheduleOf()]);
  const { jobs: leased } = await storage.pop(requestOf({ queues: [{ queue: 'first', limit: 1 }] }));
  await server.crash();
  await server.resume();
  // The other one comes first, and numbers the lanes of the new data its own way.
  const again = jobOf({ queue: 'second' });
  await eventually(
    () =>
      other.push([again]).then(
        () => true,
        () => false,
      ),
    'the other is back',
  );
  const { results } = await eventuallyAnswered(() =>
    storage.complete(leased.map((job) => completionOf(job))),
  );
  expect(results).toEqual(['gone']);
  await eventually(
    () => warnings.codes.filter((code) => code === 'JOBS_REDIS_RESET').length === 2,
    'two warnings',
  );
  const fresh = jobOf({ queue: 'first' });
  await storage.push([fresh]);
  const queues = [
    { queue: 'first', limit: 9 },
    { queue: 'second', limit: 9 },
  ];
  const { jobs } = await storage.pop(requestOf({ queues }));
  expect(jobs.map(({ id, queue }) => [id, queue])).toEqual([
    [fresh.id, 'first'],
    [again.id, 'second'],
  ]);
  expect((await storage.stats()).map(({ queue }) => queue)).toEqual(['first', 'second']);
  await eventually(async () => (await storage.schedules()).length === 1, 'the schedule is declared again');
});

it.skipIf(noRedis)('an emptied server is noticed by whoever looks first', async () => {
  const { server, storage } = await opened('--appendonly', 'yes');
  const jobs = jobsOf(2);
  await storage.push(jobs);
  await server.ask((client) => client.flushall());
  expect(await storage.info(jobs.map(({ id }) => id))).toEqual([undefined, undefined]);
  await storage.push(jobs);
  expect((await storage.pop(requestOf())).jobs.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
});

async function eventuallyAnswered<T>(call: () => Promise<T>): Promise<T> {
  const answers: T[] = [];
  await eventually(
    () =>
      call().then(
        (answer) => answers.push(answer) > 0,
        () => false,
      ),
    'an answer',
  );
  const [answer] = answers;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}
