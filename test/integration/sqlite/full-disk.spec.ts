import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { StorageFullError } from '../../../lib/core/errors.js';
import type { SqliteDatabase, SqliteStorage } from '../../../lib/drivers/sqlite/index.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import { jobOf, jobsOf } from '../../../lib/testing/contract/job-factories.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();
const PAYLOAD = JSON.stringify('x'.repeat(20_000));

describe('a file that may not grow any more', () => {
  it('refuses a push wholly, keeps what was acknowledged and takes jobs again once there is room', async () => {
    const database = await files.database();
    const storage = files.storage({ database });
    await storage.open();
    allowPages(database, 100);
    await fillsUp(storage, () => allowPages(database, 10_000));
  });

  it('refuses of a batch only what does not fit', async () => {
    const database = await files.database();
    const storage = files.storage({ database });
    await storage.open();
    await storage.push([jobOf()]);
    allowPages(database, 10);
    const [before, large, after] = [jobOf(), jobOf({ payload: PAYLOAD.repeat(10) }), jobOf()];
    const pushes = await Promise.allSettled([before, large, after].map((job) => storage.push([job])));
    expect(pushes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await isStored(storage, [before, large, after])).toEqual([true, false, true]);
  });

  it('is refused when there is no room for the tables, and opens once there is', async () => {
    const database = await files.database();
    database.exec('pragma max_page_count = 3');
    const storage = files.storage({ database });
    await expect(storage.open()).rejects.toThrow(StorageFullError);
    allowPages(database, 100);
    await storage.open();
    await expect(storage.push([jobOf()])).resolves.toMatchObject([{ duplicate: false }]);
  });
});

describe('a full disk', () => {
  it('refuses a push wholly, keeps what was acknowledged and takes jobs again once there is room', async ({
    skip,
  }) => {
    const disk = await smallDisk();
    if (disk === undefined) return skip('no disk can be filled here');
    const storage = files.storage({ path: files.path('disk/jobs.db') });
    try {
      await storage.open();
      await fillsUp(storage, () => execFileSync('mount', ['-o', 'remount,size=16m', disk]));
    } finally {
      await storage.close();
      // Lazily: libsql lets go of a closed file only when its statements are collected.
      execFileSync('umount', ['--lazy', disk]);
    }
  });

  it('refuses to open where there is no room for the tables, and opens once there is', async ({ skip }) => {
    const disk = await smallDisk();
    if (disk === undefined) return skip('no disk can be filled here');
    const storage = files.storage({ path: files.path('disk/jobs.db') });
    try {
      await writeFile(files.path('disk/ballast'), Buffer.alloc(940 * 1024));
      await expect(storage.open()).rejects.toThrow(StorageFullError);
      await rm(files.path('disk/ballast'));
      await storage.open();
    } finally {
      await storage.close();
      execFileSync('umount', ['--lazy', disk]);
    }
  });

  async function smallDisk(): Promise<string | undefined> {
    const disk = files.path('disk');
    await mkdir(disk);
    const problem = mount(disk);
    if (problem === undefined) return disk;
    console.warn(`No disk can be filled here: ${problem}`);
    return undefined;
  }
});

async function fillsUp(storage: SqliteStorage, makeRoom: () => unknown): Promise<void> {
  const acknowledged: NewJob[] = [];
  let refused: readonly NewJob[] = [];
  while (refused.length === 0) {
    const jobs = jobsOf(3, { payload: PAYLOAD });
    await storage.push(jobs).then(
      () => acknowledged.push(...jobs),
      (error: unknown) => {
        expect(error).toBeInstanceOf(StorageFullError);
        refused = jobs;
      },
    );
  }
  expect(acknowledged.length).toBeGreaterThan(3);
  expect(await isStored(storage, refused)).toEqual([false, false, false]);
  expect(await isStored(storage, acknowledged)).not.toContain(false);
  makeRoom();
  await expect(storage.push(refused)).resolves.toMatchObject(refused.map(() => ({ duplicate: false })));
  expect(await isStored(storage, [...acknowledged, ...refused])).not.toContain(false);
}

async function isStored(storage: SqliteStorage, jobs: readonly NewJob[]): Promise<boolean[]> {
  const records = await storage.info(jobs.map(({ id }) => id));
  return records.map((record, index) => record !== undefined && record.payload === jobs[index]?.payload);
}

/** Beyond what the file has. */
function allowPages(database: SqliteDatabase, more: number): void {
  const [row] = database.prepare('pragma page_count').all() as { page_count: number }[];
  database.exec(`pragma max_page_count = ${(row?.page_count ?? 0) + more}`);
}

/** Why there is no small disk now. */
function mount(folder: string): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has tmpfs';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
