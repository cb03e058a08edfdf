import { expect, it } from 'vitest';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

it('keeps no trace of a key whose time is over, whether or not anybody asks for it again', async () => {
  const database = await files.database();
  const clock = new FakeClock();
  const storage = files.storage({ database, durability: 'normal', clock });
  await storage.open();
  const held = () => database.prepare('select key from jobs_hold order by key').all();
  const unique = (key: string, time: number) => ({ unique: { key, while: { for: time } } });
  await storage.push([jobOf(unique('asked', 10)), jobOf(unique('never', 10)), jobOf(unique('long', 1_000))]);
  await clock.advance(10);

  await storage.push([jobOf({ unique: { key: 'asked', while: 'live' } })]);
  expect(held()).toEqual([{ key: 'long' }, { key: 'never' }]);
  expect(await storage.prune(10)).toBe(0);
  expect(held()).toEqual([{ key: 'long' }]);
});
