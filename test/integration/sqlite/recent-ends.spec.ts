import { expect, it } from 'vitest';
import { completedFor, completionOf, jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();
const HOUR = 3_600_000;

it('keeps as many steps of what ended as can still count, however long a queue is used', async () => {
  const database = await files.database();
  const clock = new FakeClock();
  const storage = files.storage({ database, durability: 'normal', clock });
  await storage.open();
  for (let hour = 0; hour < 40 * 24; hour += 7) {
    await storage.push([jobOf()]);
    const { jobs } = await storage.pop(requestOf());
    await storage.complete(jobs.map((job) => completionOf(job, completedFor(false))));
    await storage.prune(10);
    await clock.advance(7 * HOUR);
  }
  const sizes = database.prepare('select size, count(*) as steps from jobs_recent group by size').all();
  const most = new Map([
    [300_000, 13],
    [HOUR, 25],
    [24 * HOUR, 31],
  ]);
  for (const { size, steps } of sizes as { size: number; steps: number }[]) {
    expect(steps).toBeLessThanOrEqual(most.get(size) ?? 0);
  }
  expect((await storage.stats())[0]?.recent?.month.completed).toBeGreaterThan(100);
});
