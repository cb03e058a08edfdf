import { describe, expect, it } from 'vitest';
import {
  completedFor,
  completionOf,
  jobOf,
  leaseOf,
  requestOf,
  retryingIn,
} from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('what is noted of a job', () => {
  it('is nothing where nothing happened to it', async () => {
    const { storage, notes } = await open();
    await storage.push([jobOf(), jobOf()]);
    const { jobs } = await storage.pop(requestOf());
    const [first, second] = jobs.map(leaseOf);
    await storage.release(second ? [second] : []);
    await storage.complete(first ? [completionOf(first)] : []);
    expect(await notes()).toBe(0);
  });

  it('goes with the job, in whatever way that goes', async () => {
    const { storage, clock, notes } = await open();
    const [completed, removed, pruned] = [jobOf(), jobOf(), jobOf()];
    await storage.push([completed, removed, pruned]);
    const { jobs } = await storage.pop(requestOf());
    await storage.complete(jobs.map((job) => completionOf(job, retryingIn(0))));
    expect(await notes()).toBe(3);
    await storage.remove([removed.id]);
    const again = await storage.pop(requestOf());
    await storage.complete(
      again.jobs.map((job) => completionOf(job, completedFor(job.id === completed.id ? false : 5))),
    );
    expect(await notes()).toBe(1);
    await clock.advance(6);
    expect(await storage.prune(10)).toBe(1);
    expect(await notes()).toBe(0);
  });
});

async function open() {
  const clock = new FakeClock();
  const storage = files.storage({ path: files.path(), durability: 'normal', clock });
  await storage.open();
  const notes = async () =>
    (await files.database()).prepare('select count(*) as notes from jobs_note').all()[0] as { notes: number };
  return { storage, clock, notes: async () => (await notes()).notes };
}
