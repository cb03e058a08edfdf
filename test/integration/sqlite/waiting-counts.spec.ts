import { expect, it } from 'vitest';
import { completionOf, jobOf, requestOf, retryingIn } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

// The statements differ: of few lanes each row is compared with each, of many the rows are sorted.
it.each([1, 2, 8, 9, 30])('counts what waits, queue by queue, among the jobs of %i names', async (count) => {
  const clock = new FakeClock();
  const storage = files.storage({ path: files.path(), durability: 'normal', clock });
  await storage.open();
  const names = Array.from({ length: count }, (_, nth) => `name ${nth}`);
  const queueOf = (nth: number) => (nth % 2 === 0 ? 'even' : 'odd');
  for (const [nth, name] of names.entries()) {
    const later = { name, queue: queueOf(nth), due: { in: 60_000 } };
    await storage.push([jobOf({ ...later, due: { in: 0 } }), jobOf(later), jobOf(later)]);
    await storage.push([jobOf({ ...later, due: { in: 50 } })]);
  }
  const queues = ['even', 'odd'].map((queue) => ({ queue, limit: 100 }));
  const { jobs } = await storage.pop({ ...requestOf({ names }), queues });
  await storage.complete(jobs.map((job) => completionOf(job, retryingIn(70_000))));
  await clock.advance(60);

  const [even, odd] = [Math.ceil(count / 2), Math.floor(count / 2)];
  const expected = [
    { queue: 'even', ready: even, scheduled: 2 * even, retrying: even },
    { queue: 'odd', ready: odd, scheduled: 2 * odd, retrying: odd },
  ];
  expect(await storage.stats()).toMatchObject(expected.filter(({ ready }) => ready > 0));
});
