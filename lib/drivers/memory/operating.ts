import { standing } from '../../core/dependency.js';
import { hasEnded } from '../../core/lifecycle.js';
import type { CancelResult, JobChange, RemoveResult, RetryOptions } from '../../storage/inspection.js';
import type { JobTable } from './job-table.js';
import type { Settling } from './settling.js';

/** What people do to single jobs, each call apart from the others. */
export class Operating {
  readonly #jobs: JobTable;
  readonly #settling: Settling;

  constructor(jobs: JobTable, settling: Settling) {
    this.#jobs = jobs;
    this.#settling = settling;
  }

  cancel(id: string, reason: string, now: number): CancelResult {
    const job = this.#jobs.find(id);
    if (job === undefined) return 'unknown';
    if (hasEnded(job.state)) return 'ended';
    // The first reason stands: it may have been told to the run already.
    job.more().cancelReason ??= reason;
    if (job.state === 'running') return 'requested';
    const { attempt, stalls } = job;
    this.#settling.settle(job, { state: 'ready', attempt, stalls }, now);
    return 'cancelled';
  }

  retry(id: string, { queue, delay = 0 }: RetryOptions, now: number): boolean {
    const job = this.#jobs.find(id);
    if (job?.state !== 'dead' && job?.state !== 'cancelled') return false;
    const standsSo = standing(job.extras?.after ?? []);
    if (typeof standsSo === 'object') return false;
    const extras = job.more();
    extras.reason = undefined;
    extras.cancelReason = undefined;
    extras.stalledAt = undefined;
    job.attempt = 0;
    job.stalls = 0;
    if (extras.due !== undefined) extras.due = { in: delay };
    this.#jobs.restart(job, standsSo === 'blocked', queue ?? job.queue.name, now + delay, now);
    return true;
  }

  remove(id: string, now: number): RemoveResult {
    const job = this.#jobs.find(id);
    if (job === undefined) return 'unknown';
    if (job.state === 'running') return 'running';
    this.#jobs.remove(job, now);
    return 'removed';
  }

  change(id: string, { queue, priority, delay }: JobChange, now: number): boolean {
    const job = this.#jobs.find(id);
    if (job === undefined || job.state === 'running' || hasEnded(job.state)) return false;
    // What is due by now is ready, whether or not a pop has come by since.
    job.queue.promote(now);
    const runAt = delay === undefined ? job.runAt : now + delay;
    // Of a blocked job the delay begins when it is free.
    if (delay !== undefined && job.state === 'blocked') job.more().due = { in: delay };
    this.#jobs.requeue(job, queue ?? job.queue.name, priority ?? job.priority, runAt, now);
    return true;
  }

  prune(limit: number, now: number): number {
    this.#jobs.keys.forget(now);
    let pruned = 0;
    while (pruned < limit) {
      const job = this.#jobs.ended.first;
      if (job?.until === undefined || job.until > now) break;
      this.#jobs.remove(job, now);
      pruned += 1;
    }
    return pruned;
  }
}
