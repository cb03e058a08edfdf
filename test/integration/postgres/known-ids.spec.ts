import { expect, it } from 'vitest';
import { completedFor, completionOf, jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { race } from '../../../lib/testing/contract/race.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

it('a push that is repeated while its job ends makes no second job', async () => {
  const schema = schemas.name();
  const [worker, producer] = [schemas.storage({ schema }), schemas.storage({ schema })];
  await Promise.all([worker.open(), producer.open()]);
  for (let round = 0; round < 60; round += 1) {
    const jobs = Array.from({ length: 20 }, () => jobOf());
    await producer.push(jobs);
    const request = requestOf({ limit: 20 });
    const taken = (await worker.pop(request)).jobs;
    expect(taken).toHaveLength(20);
    const completions = taken.map((job) => completionOf(job, completedFor(60_000)));
    const [{ results }, pushed] = await race(
      round,
      () => worker.complete(completions),
      () => producer.push(jobs),
    );
    expect(results.every((result) => result === 'recorded')).toBe(true);
    expect(
      pushed.every(({ duplicate }) => duplicate),
      `round ${round}`,
    ).toBe(true);
    expect((await worker.pop(request)).jobs).toEqual([]);
  }
});

it('a job that has ended takes no unique key from those it is pushed again with', async () => {
  const storage = schemas.storage({ schema: schemas.name() });
  await storage.open();
  const ended = jobOf();
  await storage.push([ended]);
  const taken = (await storage.pop(requestOf({ limit: 1 }))).jobs;
  await storage.complete(taken.map((job) => completionOf(job, completedFor(60_000))));
  const unique = { key: 'one of them', while: 'live' } as const;
  const first = jobOf({ unique });
  const pushed = await storage.push([{ ...ended, unique }, first, jobOf({ id: first.id })]);
  expect(pushed.map(({ duplicate }) => duplicate)).toEqual([true, false, true]);
  expect((await storage.info([first.id]))[0]?.uniqueKey).toBe(unique.key);
});
