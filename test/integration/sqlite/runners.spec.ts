import { describe, expect, it } from 'vitest';
import { beatOf, jobOf, LEASE, leaseOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

describe('a runner that is forgotten', () => {
  it('is still named by the job that it runs, and takes no other with its number', async () => {
    const { storage, clock } = await open();
    const [first, second] = [jobOf(), jobOf()];
    await storage.push([first, second]);
    const { jobs } = await storage.pop(requestOf({ runner: 'gone', lease: 3 * LEASE, limit: 1 }));
    expect(jobs).toHaveLength(1);
    await storage.heartbeat(beatOf([], LEASE, 'gone'));
    await clock.advance(LEASE + 1);
    await storage.heartbeat(beatOf([], LEASE, 'alive'));
    await storage.pop(requestOf({ runner: 'alive' }));
    await expect(storage.runners()).resolves.toMatchObject([{ id: 'alive', running: 1 }]);
    await expect(storage.info([first.id, second.id])).resolves.toMatchObject([
      { runner: 'gone' },
      { runner: 'alive' },
    ]);
  });

  it('leaves nothing behind once its jobs have gone back', async () => {
    const { storage } = await open();
    await storage.push([jobOf()]);
    const { jobs } = await storage.pop(requestOf({ runner: 'leaving' }));
    await storage.heartbeat(beatOf(jobs, LEASE, 'leaving'));
    await storage.release(jobs.map(leaseOf));
    await storage.leave('leaving');
    const database = await files.database();
    expect(database.prepare('select id from jobs_runner').all()).toEqual([]);
  });

  it('that claims without a beat lives for nobody', async () => {
    const { storage } = await open();
    const job = jobOf();
    await storage.push([job]);
    await storage.pop(requestOf({ runner: 'silent' }));
    await expect(storage.runners()).resolves.toEqual([]);
    await expect(storage.info([job.id])).resolves.toMatchObject([{ state: 'running', runner: 'silent' }]);
  });
});

async function open() {
  const clock = new FakeClock();
  const storage = files.storage({ path: files.path(), durability: 'normal', clock });
  await storage.open();
  return { storage, clock };
}
