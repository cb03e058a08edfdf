import { expect, it } from 'vitest';
import { StorageClosedError, StorageUnavailableError } from '../../../lib/core/errors.js';
import { GatheredPushes } from '../../../lib/storage/gathered-pushes.js';
import type { NewJob, Pushed } from '../../../lib/storage/new-job.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';

async function store(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
  return jobs.map(({ id }) => ({ id, duplicate: false }));
}

function named(...ids: string[]): NewJob[] {
  return ids.map((id) => jobOf({ id }));
}

it('writes all as one, in the order of the calls, and gives each call its own answers', async () => {
  const gathered = new GatheredPushes();
  const answers = [gathered.add(named('a', 'b')), gathered.add([]), gathered.add(named('c'))];
  expect(gathered.size).toBe(3);
  await gathered.answer(
    () => store(gathered.jobs),
    () => Promise.reject(new Error('Nobody goes alone')),
  );
  const ids = (await Promise.all(answers)).map((pushed) => pushed.map(({ id }) => id));
  expect(ids).toEqual([['a', 'b'], [], ['c']]);
});

it('has each call go alone when together they fail, so that only the one to blame fails', async () => {
  const gathered = new GatheredPushes();
  const answers = [gathered.add(named('a')), gathered.add(named('odd')), gathered.add(named('c'))];
  const refuseOdd = async (jobs: readonly NewJob[]) => {
    if (jobs.some(({ id }) => id === 'odd')) throw new Error('Odd');
    return store(jobs);
  };
  await gathered.answer(() => refuseOdd(gathered.jobs), refuseOdd);
  const states = (await Promise.allSettled(answers)).map(({ status }) => status);
  expect(states).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it.each([
  ['a call that was alone from the start', 1, new Error('Odd')],
  ['all of a storage that does not answer', 2, new StorageUnavailableError('Down')],
  ['all of a storage that is closed', 2, new StorageClosedError('Closed')],
])('tells %s of the failure, and tries nothing again', async (_, calls, error) => {
  const gathered = new GatheredPushes();
  const answers = Array.from({ length: calls }, (__, nth) => gathered.add(named(`job ${nth}`)));
  await gathered.answer(() => Promise.reject(error), store);
  const reasons = (await Promise.allSettled(answers)).map((one) => 'reason' in one && one.reason);
  expect(reasons).toEqual(answers.map(() => error));
});
