import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, type StorageUnderTest } from 'nestjs-background-jobs/testing';
import { FileStorage } from './file-storage.js';

/** Data of its own for each case, and a clock that stands still until the case moves it. */
export async function subject(): Promise<StorageUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'file-storage-'));
  const path = join(folder, 'jobs.json');
  const clock = new FakeClock();
  const created: FileStorage[] = [];
  return {
    clock,
    create() {
      const storage = new FileStorage({ path, clock, flush: false });
      created.push(storage);
      return storage;
    },
    async advance(milliseconds) {
      await clock.advance(milliseconds);
      await Promise.all(created.map((storage) => storage.settled()));
    },
    dispose: () => rm(folder, { recursive: true }),
  };
}
