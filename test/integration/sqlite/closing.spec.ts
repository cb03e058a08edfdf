import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, type TestContext } from 'vitest';
import { openDatabase } from '../../../lib/drivers/sqlite/connection/open-database.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

it('leaves a file open for no longer than the statements of libsql take to be collected', async ({
  skip,
}) => {
  onlyWhereDescriptorsAreListed(skip);
  const storage = files.storage({ path: files.path(), driver: 'libsql' });
  await storage.open();
  await storage.push([jobOf()]);
  expect(await openFiles()).toContain('jobs.db');
  await storage.close();
  await expect.poll(openFilesOnceCollected).toEqual([]);
});

it('keeps no statement for a look that is yet to come', async ({ skip }) => {
  onlyWhereDescriptorsAreListed(skip);
  const clock = new FakeClock();
  const database = await openDatabase(files.path(), 'libsql');
  const storage = files.storage({ database, clock });
  await storage.open();
  database.exec('begin');
  await storage.push([jobOf()], database);
  // The storage looks for the end of the transaction now, again and again, and is closed between two looks.
  await clock.advance(1);
  expect(clock.nextAt).toBeDefined();
  await storage.close();
  database.exec('rollback');
  database.close();
  await expect.poll(openFilesOnceCollected).toEqual([]);
});

function onlyWhereDescriptorsAreListed(skip: TestContext['skip']): void {
  skip(process.platform !== 'linux', 'only Linux lists the open files of a process as links');
}

/** Those in the folder of the test. */
async function openFiles(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  // One of them is that of the listing, and gone by now.
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return links.filter((link) => link.startsWith(files.path(''))).map((link) => basename(link));
}

/** What nothing refers to is found by the collector, and what it held is let go of in a later turn of the event loop. */
async function openFilesOnceCollected(): Promise<string[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  await turn();
  return openFiles();
}
