import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../lib/drivers/sqlite/open-database.js';
import { Work } from './job-classes.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const LEASE = 600;

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.close());

it('a process killed between an effect and its commit leaves neither effect nor completion, and the job runs again', async () => {
  const { id } = await killAt('written');
  expect((await stage.storage.info([id]))[0]).toMatchObject({ state: 'running', token: 1 });
  expect(await effects()).toEqual([]);
  stage.spawn('joining-worker.mjs', { lease: LEASE });
  await until('the job is completed', () => isCompleted(id), { seen: stage.story });
  expect(await effects()).toEqual([id]);
  expect((await stage.storage.info([id]))[0]).toMatchObject({ token: 2, attempt: 0, result: '"done"' });
});

it('a process killed after the commit and before anything else has its job completed, and nobody runs it again', async () => {
  const { id } = await killAt('committed');
  stage.spawn('joining-worker.mjs', { lease: LEASE });
  // By then every lease of the killed process has run out, and has been swept for.
  const later = await stage.jobs.queue(new Work(0), { delay: LEASE * 3 });
  await until('the later job is completed', () => isCompleted(later.id), { seen: stage.story });
  expect(await effects()).toEqual([id, later.id]);
  expect(stage.lines('started').filter((line) => line.id === id)).toHaveLength(1);
  expect((await stage.storage.info([id]))[0]).toMatchObject({
    state: 'completed',
    token: 1,
    result: '"done"',
  });
});

async function killAt(place: 'written' | 'committed'): Promise<{ readonly id: string }> {
  const { id } = await stage.jobs.queue(new Work(0));
  const worker = stage.spawn('joining-worker.mjs', { lease: LEASE, stopAt: place });
  await until(place, () => stage.lines(place).length === 1, { seen: stage.story });
  await worker.end('SIGKILL');
  return { id };
}

async function isCompleted(id: string): Promise<boolean> {
  return (await stage.storage.info([id]))[0]?.state === 'completed';
}

async function effects(): Promise<readonly unknown[]> {
  const database = await openDatabase(stage.database, 'libsql');
  try {
    return (database.prepare('select job from effect').all() as { job: string }[]).map(({ job }) => job);
  } finally {
    database.close();
  }
}
