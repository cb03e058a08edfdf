import assert from 'node:assert/strict';
import type { JobRecord, JobState, LeasedJob } from '../../core/job.js';
import type { PopRequest } from '../../storage/claims.js';
import type { QueueStats } from '../../storage/inspection.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { ContractContext } from './contract-context.js';
import { firingOf, jobOf, requestOf } from './job-factories.js';

/** The one element of a list that must have one. */
export function only<T>(list: readonly T[]): T {
  assert.equal(list.length, 1, 'there must be exactly one');
  return list[0] as T;
}

/** The record of a job that must be there. */
export async function recordOf(storage: Storage, id: string): Promise<JobRecord> {
  const record = only(await storage.info([id]));
  assert.ok(record, 'the job must have a record');
  return record;
}

export async function recordsOf(storage: Storage, ids: readonly string[]): Promise<JobRecord[]> {
  const records = await storage.info(ids);
  return records.map((record) => {
    assert.ok(record, 'each job must have a record');
    return record;
  });
}

export async function stateOf(storage: Storage, id: string): Promise<JobState | undefined> {
  return only(await storage.info([id]))?.state;
}

/** Pops, and returns only the jobs. */
export async function take(
  storage: Storage,
  request: PopRequest = requestOf(),
): Promise<readonly LeasedJob[]> {
  return (await storage.pop(request)).jobs;
}

/** Pushes one job and pops it. */
export async function start(
  storage: Storage,
  over: Partial<NewJob> = {},
  runner = 'runner',
): Promise<LeasedJob> {
  const job = jobOf(over);
  await storage.push([job]);
  const queues = [{ queue: job.queue, limit: 1 }];
  const leased = only(await take(storage, requestOf({ runner, names: [job.name], queues })));
  assert.equal(leased.id, job.id);
  return leased;
}

/** The numbers of a queue that must be known. */
export async function statsOf(storage: Storage, queue = 'default'): Promise<QueueStats> {
  return only((await storage.stats()).filter((stats) => stats.queue === queue));
}

/** Asserts that a time was taken between two readings of the storage's clock. */
export function assertBetween(before: number, time: number | undefined, after: number, what: string): void {
  assert.ok(
    time !== undefined && time >= before && time <= after,
    `${what}: ${time} is not from ${before} to ${after}`,
  );
}

export function idsOf(jobs: readonly { readonly id: string }[]): string[] {
  return jobs.map(({ id }) => id);
}

/** Two storages on the same data, as two processes would have. */
export async function pairOf(context: ContractContext): Promise<readonly [Storage, Storage]> {
  const [one, other] = await context.rivals(2);
  assert.ok(one && other);
  return [one, other];
}

/** What is set of an object: whether a field is absent or `undefined` makes no difference to a reader. */
export function fieldsOf(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Fires the one schedule that is due; returns it as it then stands. */
export async function fireNow(storage: Storage) {
  const { key, nextAt } = only((await storage.dueSchedules(10)).due);
  const firing = firingOf(key, nextAt);
  assert.deepEqual(await storage.fire([firing]), [true]);
  await recordOf(storage, firing.jobs[0]?.id ?? '');
  return only((await storage.schedules()).filter((schedule) => schedule.key === key));
}
