import { describe, expect, it, onTestFinished } from 'vitest';
import type { Storage } from '../../../lib/storage/storage.js';
import { ContractContext } from '../../../lib/testing/contract/contract-context.js';
import {
  completedFor,
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
} from '../../../lib/testing/contract/job-factories.js';
import { STORAGES } from '../../support/storages.js';

const GROUPS = Number(process.env['FAIRNESS_GROUPS'] ?? 100);
const HUGE = Number(process.env['FAIRNESS_JOBS'] ?? 3_000);
const PUSHED_AT_ONCE = 2_000;
const TAKEN_AT_ONCE = 20;
const NEWCOMERS = 5;

describe.each(STORAGES.map((row) => ({ row, name: row.name })))('$name', ({ row }) => {
  it(`a job of a group that has just come starts after one of each of ${GROUPS} groups, of which one has ${HUGE} jobs`, async () => {
    const subject = await row.create();
    const context = await ContractContext.open(subject);
    onTestFinished(async () => {
      await context.close();
      await subject.dispose();
    });
    const { storage } = context;
    await pushAll(storage, jobsOf(HUGE, { group: 'huge' }));
    // Uneven: from one job to twenty.
    await pushAll(
      storage,
      Array.from({ length: GROUPS - 1 }, (_, nth) =>
        jobsOf(1 + (nth % 20), { group: `group ${nth}` }),
      ).flat(),
    );
    for (let nth = 0; nth < 3; nth++) await work(storage);
    const before: number[] = [];
    for (let nth = 0; nth < NEWCOMERS; nth++) {
      const group = `newcomer ${nth}`;
      await storage.push([jobOf({ group })]);
      let started = 0;
      for (let place = -1; place < 0; started += place < 0 ? TAKEN_AT_ONCE : place) {
        const taken = await work(storage);
        expect(taken.length, 'jobs that were taken').toBe(TAKEN_AT_ONCE);
        place = taken.findIndex((job) => job.group === group);
        expect(started, 'jobs that started before it').toBeLessThanOrEqual(GROUPS);
      }
      before.push(started);
    }
    expect(Math.max(...before), 'jobs that started before the newcomer').toBeLessThanOrEqual(GROUPS);
    console.info(`${row.name}: ${before.join(', ')} jobs of ${GROUPS} groups started before a newcomer`);
  }, 600_000);
});

async function pushAll(storage: Storage, jobs: readonly ReturnType<typeof jobOf>[]): Promise<void> {
  for (let start = 0; start < jobs.length; start += PUSHED_AT_ONCE)
    await storage.push(jobs.slice(start, start + PUSHED_AT_ONCE));
}

/** Takes some jobs and ends them. */
async function work(storage: Storage) {
  const { jobs } = await storage.pop(requestOf({ limit: TAKEN_AT_ONCE }));
  await storage.complete(jobs.map((job) => completionOf(job, completedFor(false))));
  return jobs;
}
