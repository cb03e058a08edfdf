import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import {
  completionOf,
  deadFor,
  jobOf,
  requestOf,
  scheduleOf,
} from '../../../lib/testing/contract/job-factories.js';
import { noRedis, PrivateServer } from './private-server.js';

const ROUNDS = 30;

let server: PrivateServer;
let here: RedisStorage;
let there: RedisStorage;

beforeAll(async () => {
  server = await PrivateServer.start('--appendonly', 'yes');
  [here, there] = [new RedisStorage({ url: server.url }), new RedisStorage({ url: server.url })];
  await Promise.all([here.open(), there.open()]);
});

afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  await server.remove();
});

it.skipIf(noRedis)(
  'a job that comes back without its key, since another has it by now, does not free it at its end',
  async () => {
    const unique = { key: 'k', while: 'live' } as const;
    const [first, second] = [jobOf({ unique }), jobOf({ unique, priority: 1 })];
    await here.push([first]);
    const [leased] = (await here.pop(requestOf())).jobs;
    if (!leased) throw new Error('the first must run');
    await here.complete([completionOf(leased, deadFor())]);
    await here.push([second]);
    await here.retry([first.id]);
    const [again] = (await here.pop(requestOf({ limit: 1 }))).jobs;
    expect(again?.id).toBe(first.id);
    await here.complete([completionOf({ id: first.id, token: 2 })]);
    expect(await here.push([jobOf({ unique })])).toEqual([{ id: second.id, duplicate: true }]);
    await here.remove([first.id, second.id]);
  },
);

it.skipIf(noRedis)(
  'of two that move a job at once each is done, one after the other, and the job stands in one queue',
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const job = jobOf({ queue: 'from' });
      await here.push([job]);
      const moves = [here.change([job.id], { queue: 'x' }), there.change([job.id], { queue: 'y' })];
      expect(await Promise.all(moves), `round ${round}`).toEqual([[true], [true]]);
      const stats = await here.stats();
      expect(
        stats.reduce((sum, { ready }) => sum + ready, 0),
        `round ${round}`,
      ).toBe(1);
      expect(await there.remove([job.id])).toEqual(['removed']);
    }
  },
);

it.skipIf(noRedis)(
  'lanes that two make at the same time are numbered once, and each takes the jobs of both',
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [a, b] = [`a${round}`, `b${round}`];
      const pushes = [
        here.push([jobOf({ name: a }), jobOf({ name: b })]),
        there.push([jobOf({ name: b }), jobOf({ name: a })]),
      ];
      await Promise.all(pushes);
      const { jobs } = await here.pop(requestOf({ names: [a, b] }));
      expect(jobs.map(({ name }) => name).toSorted(), `round ${round}`).toEqual([a, a, b, b]);
      await there.complete(jobs.map((job) => completionOf(job)));
    }
  },
);

it.skipIf(noRedis)('of two that ask a run to end the first is the one that is told', async () => {
  const job = jobOf({ queue: 'asked' });
  await here.push([job]);
  await here.pop(requestOf({ queues: [{ queue: 'asked', limit: 1 }] }));
  await here.cancel([job.id], 'first');
  await there.cancel([job.id], 'second');
  expect((await there.info([job.id]))[0]?.cancelReason).toBe('first');
});

it.skipIf(noRedis)('a schedule that two declare at once ticks as the one that stands says', async () => {
  const [often, seldom] = [1_000, 600_000].map((interval) =>
    scheduleOf({ timing: { kind: 'every', interval }, firstIn: interval }),
  );
  if (!often || !seldom) throw new Error('two schedules');
  for (let round = 0; round < ROUNDS; round += 1) {
    await here.putSchedules([often]);
    await Promise.all(
      round % 2 === 0
        ? [here.putSchedules([often]), there.putSchedules([seldom])]
        : [there.putSchedules([seldom]), here.putSchedules([often])],
    );
    const [schedule] = await here.schedules();
    const isSeldom = schedule?.timing.kind === 'every' && schedule.timing.interval === 600_000;
    const wait = (schedule?.nextAt ?? 0) - (await here.now());
    expect(wait > 300_000, `round ${round}`).toBe(isSeldom);
  }
});

it.skipIf(noRedis)(
  'a rescue says of a job what was stored, also where somebody asked for its end since it was found',
  async () => {
    const [asked, other] = [jobOf({ queue: 'stalled' }), jobOf({ queue: 'stalled' })];
    const ids = [asked.id, other.id];
    const client = new Redis(server.port);
    const call = client.call.bind(client) as (...args: unknown[]) => Promise<unknown>;
    const slow = new RedisStorage({
      client: Object.assign(client, {
        call: async (...args: unknown[]) => {
          const answer = await call(...args);
          // It was found, and nothing is written yet.
          if (JSON.stringify(answer).includes(asked.id)) await there.cancel([asked.id], 'not needed');
          return answer;
        },
      }),
    });
    await slow.open();
    await here.push([asked, other]);
    await here.pop(requestOf({ queues: [{ queue: 'stalled', limit: 2 }], lease: 1 }));
    const until = (await here.now()) + 2;
    while ((await here.now()) < until);
    const rescued = await slow.rescue(10, 3);
    await slow.close();
    client.disconnect();
    const states = new Map(rescued.map(({ id, state }) => [id, state]));
    expect(ids.map((id) => states.get(id))).toEqual(['cancelled', 'ready']);
    expect((await here.info(ids)).map((record) => record?.state)).toEqual(['cancelled', 'ready']);
  },
);
