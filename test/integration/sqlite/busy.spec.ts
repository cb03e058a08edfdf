import { describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../../lib/core/clock.js';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const SAMPLES = 80;
const SAMPLE = 5;
const LONGEST_BLOCK = 20;

const files = temporaryFiles();

describe('while another connection writes', () => {
  it('a push waits for it, and the event loop goes on', async () => {
    const storage = files.storage({ path: files.path(), durability: 'normal' });
    await storage.open();
    const rival = await files.database();
    const job = jobOf();
    rival.exec('begin immediate');
    const delays = sampleDelays();
    let isStored = false;
    const push = storage.push([job]).finally(() => (isStored = true));
    // A wait of SQLite's own would be most of what the event loop does; a few long pauses may be the machine's.
    while (delays.all.length < SAMPLES) await sleep(systemClock, SAMPLE);
    expect(isStored).toBe(false);
    rival.exec('rollback');
    await expect(push).resolves.toEqual([{ id: job.id, duplicate: false }]);
    delays.stop();
    const sorted = delays.all.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.75)]).toBeLessThan(LONGEST_BLOCK);
  });

  it('readers and runners that find nothing do not wait', async () => {
    const storage = files.storage({ path: files.path(), durability: 'normal' });
    await storage.open();
    const job = jobOf({ due: { in: 60_000 } });
    await storage.push([job]);
    const rival = await files.database();
    rival.exec('begin immediate');
    await expect(storage.info([job.id])).resolves.toMatchObject([{ state: 'scheduled' }]);
    await expect(storage.pop(requestOf())).resolves.toMatchObject({ jobs: [] });
    await expect(storage.rescue(10, 3)).resolves.toEqual([]);
    await expect(storage.prune(10)).resolves.toBe(0);
    rival.exec('rollback');
  });

  it('a push that waited for ten seconds is refused as unavailable, and may be repeated', async () => {
    const clock = new FakeClock();
    const storage = files.storage({ path: files.path(), durability: 'normal', clock });
    await storage.open();
    const rival = await files.database();
    const job = jobOf();
    rival.exec('begin immediate');
    const refusal = storage.push([job]).catch((error: unknown) => error);
    await clock.advance(100);
    clock.set(clock.now() + 10_000);
    await clock.advance(100);
    expect(await refusal).toBeInstanceOf(StorageUnavailableError);
    rival.exec('rollback');
    await expect(storage.push([job])).resolves.toEqual([{ id: job.id, duplicate: false }]);
  });

  it('opening the file waits for it', async () => {
    const first = files.storage({ path: files.path(), durability: 'normal' });
    await first.open();
    const rival = await files.database();
    // An older file: the second process has to migrate, and cannot until the rival is done.
    rival.exec(`drop table jobs_schema`);
    rival.exec('begin immediate');
    const opening = files.storage({ path: files.path(), durability: 'normal' }).open();
    await sleep(systemClock, 50);
    rival.exec(`create table jobs_schema (name text primary key, value integer not null) strict;
      insert into jobs_schema values ('version', 1); commit`);
    await expect(opening).resolves.toBeUndefined();
  });
});

/** How much later than asked a timer fires, over and over: what the event loop was blocked for. */
function sampleDelays(): { readonly all: readonly number[]; stop(): void } {
  const all: number[] = [];
  let last = systemClock.monotonic();
  const timer = setInterval(() => {
    const now = systemClock.monotonic();
    all.push(now - last - SAMPLE);
    last = now;
  }, SAMPLE);
  return { all, stop: () => clearInterval(timer) };
}
