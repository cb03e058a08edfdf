import { watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FileWatch } from '../../../lib/drivers/sqlite/signals/file-watch.js';
import { Statements, type SqliteDatabase } from '../../../lib/drivers/sqlite/connection/sqlite-client.js';
import { SignalHub } from '../../../lib/storage/signal.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { temporaryFiles } from './temporary-files.js';

const files = temporaryFiles();

/** A watch on a file whose commits become visible when the test says so: before a real flush ends, none is. */
async function setup() {
  const wal = files.path('jobs.db-wal');
  await writeFile(wal, '');
  const commits = { visible: 0 };
  const database: SqliteDatabase = {
    exec: () => undefined,
    close: () => undefined,
    prepare: (sql) => ({
      run: () => ({ changes: 0, lastInsertRowid: 0 }),
      all: () => (sql.includes('data_version') ? [{ data_version: commits.visible }] : []),
    }),
  };
  const [clock, hub] = [new FakeClock(), new SignalHub()];
  const heard = vi.fn<() => void>();
  hub.subscribe(heard);
  const fileWatch = new FileWatch(files.path(), hub, clock, new Statements(database));
  fileWatch.start();
  onTestFinished(() => fileWatch.stop());
  return { clock, commits, heard, fileWatch, write: () => untilTold(wal) };
}

/** Writes as a commit does, and resolves when whoever watches has been told. */
async function untilTold(file: string): Promise<void> {
  const told = new Promise<void>((resolve) => {
    const watcher = watch(dirname(file), () => {
      watcher.close();
      // Watchers of one folder are told in the same turn, in an order that is nobody's business.
      setImmediate(resolve);
    });
  });
  await writeFile(file, 'frames');
  await told;
}

it('tells of a commit that can be seen only after its flush, with no further event', async () => {
  const { clock, commits, heard, write } = await setup();
  await write();
  await clock.advance(20);
  expect(heard).not.toHaveBeenCalled();
  commits.visible += 1;
  await clock.advance(2);
  expect(heard).toHaveBeenCalledOnce();
});

it('tells of both of two commits when the second is written before the first is seen', async () => {
  const { clock, commits, heard, write } = await setup();
  await write();
  await clock.advance(5);
  await write();
  commits.visible += 1;
  await clock.advance(2);
  expect(heard).toHaveBeenCalledTimes(1);
  commits.visible += 1;
  await clock.advance(5);
  expect(heard).toHaveBeenCalledTimes(2);
});

it('stops looking some time after the last event', async () => {
  const { clock, commits, heard, write } = await setup();
  await write();
  await clock.advance(1_000);
  commits.visible += 1;
  await clock.advance(1_000);
  expect(heard).not.toHaveBeenCalled();
});

it('looks again when it was stopped in the middle of looking and started anew', async () => {
  const { clock, commits, heard, fileWatch, write } = await setup();
  await write();
  fileWatch.stop();
  await clock.advance(1);
  fileWatch.start();
  await write();
  commits.visible += 1;
  await clock.advance(5);
  expect(heard).toHaveBeenCalledOnce();
});

it('is kept by a storage exactly while somebody listens', async () => {
  const start = vi.spyOn(FileWatch.prototype, 'start');
  const stop = vi.spyOn(FileWatch.prototype, 'stop');
  onTestFinished(() => void vi.restoreAllMocks());
  const storage = files.storage({ path: files.path(), durability: 'normal' });
  await storage.open();
  expect(start).not.toHaveBeenCalled();
  const [first, second] = [storage.subscribe(() => {}), storage.subscribe(() => {})];
  expect(start).toHaveBeenCalled();
  stop.mockClear();
  first();
  expect(stop).not.toHaveBeenCalled();
  second();
  expect(stop).toHaveBeenCalledOnce();
});
