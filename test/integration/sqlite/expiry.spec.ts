import { expect, it } from 'vitest';
import { jobOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { RecordedDatabase } from './recorded-database.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

it('sets jobs that nobody took in time aside once, before it is known that they are dead', async () => {
  const database = new RecordedDatabase(await files.database());
  const clock = new FakeClock();
  const storage = files.storage({ database, durability: 'normal', clock });
  await storage.open();
  const late = jobsOf(3_000, { expiresIn: 10 });
  const live = jobOf({ expiresIn: 1_000 });
  await storage.push([...late, live]);
  await clock.advance(10);

  database.take();
  expect((await storage.pop(requestOf())).jobs.map(({ id }) => id)).toEqual([live.id]);
  const first = database.take().length;
  expect((await storage.info([late[0]?.id ?? '']))[0]?.state).toBe('ready');
  expect((await storage.stats())[0]?.ready).toBe(3_000);
  await storage.push([jobOf()]);
  database.take();
  expect((await storage.pop(requestOf())).jobs.length).toBe(1);
  expect(database.take().length).toBeLessThan(first);

  expect((await storage.rescue(10_000, 3)).length).toBe(3_000);
  expect((await storage.stats())[0]).toMatchObject({ ready: 0, dead: 3_000, failed: 0 });
});

it('claims nothing while there is more to set aside than one pop may, and says that it should be called again', async () => {
  const database = await files.database();
  const clock = new FakeClock();
  const storage = files.storage({ database, durability: 'normal', clock });
  await storage.open();
  await storage.push(jobsOf(10_001, { expiresIn: 10 }));
  const live = jobOf();
  await storage.push([live]);
  await clock.advance(10);
  expect(await storage.pop(requestOf())).toEqual({ jobs: [], nextIn: 0 });
  expect((await storage.pop(requestOf())).jobs.map(({ id }) => id)).toEqual([live.id]);
});
