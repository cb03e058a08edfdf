import {
  hasEnded,
  visibleState,
  type CancelResult,
  type JobChange,
  type JobRecord,
  type RemoveResult,
  type RetryOptions,
} from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { settle } from './settling.js';
import { without } from './stored-job.js';

/** Ends a job that waits, and asks for the end of one that runs. */
export function cancel(contents: Contents, id: string, reason: string, now: number): CancelResult {
  const job = contents.jobs.get(id);
  if (job === undefined) return 'unknown';
  const { state, attempt, stalls, cancelReason = reason } = job.record;
  if (hasEnded(state)) return 'ended';
  const asked = { ...job, record: { ...job.record, cancelReason } };
  if (state !== 'running') {
    settle(contents, asked, { state: 'ready', attempt, stalls }, now);
    return 'cancelled';
  }
  contents.put(asked);
  return 'requested';
}

/** Starts a dead or cancelled job again. */
export function retry(contents: Contents, id: string, options: RetryOptions, now: number): boolean {
  const job = contents.jobs.get(id);
  if (job?.record.state !== 'dead' && job?.record.state !== 'cancelled') return false;
  const left = without(job.record, 'reason', 'cancelReason', 'endedAt');
  const { queue = left.queue, delay = 0 } = options;
  const record: JobRecord = { ...left, queue, state: 'scheduled', runAt: now + delay, attempt: 0, stalls: 0 };
  const { unique } = job;
  const holdsKey = unique?.while === 'live' && holderOf(contents, unique.key) === undefined;
  knowQueue(contents, queue);
  contents.put({ ...without(job, 'keptUntil', 'stalledAt'), record, holdsKey });
  return true;
}

/** Deletes the record of a job that does not run. */
export function remove(contents: Contents, id: string): RemoveResult {
  const job = contents.jobs.get(id);
  if (job?.record.state === 'running') return 'running';
  return contents.jobs.delete(id) ? 'removed' : 'unknown';
}

/** Changes where and when a job waits. */
export function change(contents: Contents, id: string, changed: JobChange, now: number): boolean {
  const job = contents.jobs.get(id);
  if (job === undefined || job.record.state === 'running' || hasEnded(job.record.state)) return false;
  const { queue = job.record.queue, priority = job.record.priority, delay } = changed;
  const runAt = delay === undefined ? job.record.runAt : now + delay;
  // One that was due is put off, whatever it had waited for before.
  const wasDue = visibleState(job.record.state, job.record.runAt, now) === 'ready';
  const state = wasDue ? 'scheduled' : job.record.state;
  knowQueue(contents, queue);
  contents.put({ ...job, record: { ...job.record, queue, priority, runAt, state } });
  return true;
}

/** Deletes records that have been kept for long enough. Returns how many. */
export function prune(contents: Contents, limit: number, now: number): number {
  const over = [...contents.jobs.values()].filter(({ keptUntil = Infinity }) => keptUntil <= now);
  for (const { record } of over.slice(0, limit)) contents.jobs.delete(record.id);
  return Math.min(over.length, limit);
}

/** The id of the job that holds a unique key. */
export function holderOf(contents: Contents, key: string): string | undefined {
  for (const { record, holdsKey } of contents.jobs.values()) {
    if (holdsKey && record.uniqueKey === key) return record.id;
  }
  return undefined;
}

/** A queue is known once it was given a job. */
export function knowQueue(contents: Contents, name: string): void {
  contents.changeQueue(name, (queue) => ({ ...queue, isKnown: true }));
}
