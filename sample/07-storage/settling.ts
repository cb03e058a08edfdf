import {
  FAILURES_KEPT,
  honourCancel,
  settleStall,
  type Completion,
  type JobRecord,
  type Lease,
  type Recorded,
  type Rescued,
  type Settlement,
} from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { without, type StoredJob } from './stored-job.js';

/** Records the end of a run, if its lease still holds. What follows from it was decided in the core. */
export function complete(contents: Contents, { lease, settlement }: Completion, now: number): Recorded {
  const job = contents.jobs.get(lease.id);
  if (job === undefined) return 'gone';
  if (!holds(job, lease)) return answerAgain(job, lease);
  settle(contents, job, settlement, now);
  return 'recorded';
}

/** Gives a job back uncharged. */
export function release(contents: Contents, lease: Lease, now: number): Recorded {
  const { attempt = 0, stalls = 0 } = contents.jobs.get(lease.id)?.record ?? {};
  return complete(contents, { lease, settlement: { state: 'ready', attempt, stalls } }, now);
}

/** Takes jobs from runs of which nothing was heard for longer than their lease. */
export function rescue(contents: Contents, limit: number, maxStalls: number, now: number): Rescued[] {
  const stalled = [...contents.jobs.values()].filter(({ record }) => (record.leaseUntil ?? Infinity) <= now);
  return stalled.slice(0, limit).map((job) => {
    const { id, name, queue, token } = job.record;
    const settlement = settleStall(job.record, job.stalledAt, now, maxStalls);
    const lostTokens = [...job.lostTokens, token];
    settle(contents, { ...job, stalledAt: now, lostTokens }, settlement, now);
    const { stalls } = settlement;
    if (settlement.state === 'dead') return { id, name, queue, stalls, state: 'dead', reason: 'stalled' };
    return { id, name, queue, stalls, state: settlement.state === 'cancelled' ? 'cancelled' : 'ready' };
  });
}

/** The lease is the job's own until somebody else took the job, even past its time. */
export function holds({ record }: StoredJob, { token }: Lease): boolean {
  return record.state === 'running' && record.token === token;
}

// A call whose answer was lost is made again, and has to be answered as it was.
function answerAgain({ record, lostTokens }: StoredJob, { token }: Lease): Recorded {
  const wasLeased = token >= 1 && token <= record.token;
  return wasLeased && !lostTokens.includes(token) ? 'recorded' : 'lost';
}

/** Writes what was decided, as it is: delays count from now, and a record that is not kept goes at once. */
export function settle(contents: Contents, job: StoredJob, decided: Settlement, now: number): void {
  const settlement = honourCancel(decided, job.record);
  const left = without(job.record, 'leaseUntil', 'runner');
  const { attempt, stalls } = settlement;
  const failures =
    'failure' in settlement && settlement.failure ? [{ ...settlement.failure, attempt, at: now }] : [];
  const record: JobRecord = {
    ...left,
    ...{ attempt, stalls, failures: [...left.failures, ...failures].slice(-FAILURES_KEPT) },
  };
  contents.changeQueue(record.queue, (queue) => ({
    ...queue,
    completed: queue.completed + (settlement.state === 'completed' ? 1 : 0),
    failed: queue.failed + failures.length,
  }));
  switch (settlement.state) {
    case 'ready':
      // In its old place: its time stays, and has come.
      return contents.put({ ...job, record: { ...record, state: 'scheduled' } });
    case 'scheduled':
    case 'retrying': {
      const { state, delay } = settlement;
      return contents.put({ ...job, record: { ...record, state, runAt: now + delay } });
    }
    case 'completed':
      return end(
        contents,
        job,
        { ...record, state: 'completed', result: settlement.result },
        settlement,
        now,
      );
    case 'dead':
      return end(contents, job, { ...record, state: 'dead', reason: settlement.reason }, settlement, now);
    case 'cancelled': {
      const { cancelReason } = settlement;
      return end(contents, job, { ...record, state: 'cancelled', cancelReason }, settlement, now);
    }
  }
}

function end(
  contents: Contents,
  job: StoredJob,
  record: JobRecord,
  { keep }: { readonly keep: number | false },
  now: number,
): void {
  if (keep === false) return void contents.jobs.delete(record.id);
  contents.put({ ...job, record: { ...record, endedAt: now }, holdsKey: false, keptUntil: now + keep });
}
