import type { NewJob } from '../../../storage/new-job.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { STATE } from '../schema/schema.js';
import type { SqlValue } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

/** What every new job has; a plain one has no more. */
export const PLAIN_COLUMNS = `lane, policy, state, rank, place, priority, run_at, enqueued_at`;

/** The row of a new job that asks for nothing special. */
export function pushedRow(tx: Transaction, job: NewJob, lanes: Lanes, policies: Policies): SqlValue[] {
  const { queue, name, policy, priority } = job;
  const runAt = dueOf(tx, job);
  return [
    lanes.obtain(tx, queue, name).id,
    policies.obtain(tx, policy),
    runAt > tx.now ? STATE.scheduled : STATE.ready,
    priority,
    runAt,
    priority,
    runAt,
    tx.now,
  ];
}

/** When it may start, up to the next millisecond: a job must never run early. */
export function dueOf({ now }: Transaction, { due }: NewJob): number {
  return Math.ceil(Math.max(now, 'at' in due ? due.at : now + due.in));
}
