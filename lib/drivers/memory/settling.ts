import { decodePolicy } from '../../core/policy.js';
import { honourCancel, settleStall, type Settlement } from '../../core/settlement.js';
import type { Lease } from '../../core/job.js';
import type { Completion, Recorded, Rescued } from '../../storage/claims.js';
import type { JobTable } from './job-table.js';
import type { StoredJob } from './stored-job.js';

/** Ends runs: by what their runner says of them, or because nothing was heard of them. */
export class Settling {
  readonly #jobs: JobTable;

  constructor(jobs: JobTable) {
    this.#jobs = jobs;
  }

  complete({ lease, settlement }: Completion, now: number): Recorded {
    const job = this.#jobs.ofLease(lease);
    if (job === undefined) return 'gone';
    if (!holds(job, lease)) return answerAgain(job, lease.token);
    this.settle(job, settlement, now);
    return 'recorded';
  }

  release(lease: Lease, now: number): Recorded {
    const job = this.#jobs.ofLease(lease);
    if (job === undefined) return 'gone';
    if (!holds(job, lease)) return answerAgain(job, lease.token);
    this.settle(job, { state: 'ready', attempt: job.attempt, stalls: job.stalls }, now);
    return 'recorded';
  }

  rescue(limit: number, maxStalls: number, now: number): Rescued[] {
    const rescued: Rescued[] = [];
    while (rescued.length < limit) {
      const job = this.#jobs.leases.first;
      if (job?.until === undefined || job.until > now) break;
      rescued.push(this.#rescue(job, maxStalls, now));
    }
    for (let ended = 0; ended < limit; ended += 1) {
      const expiry = this.#jobs.expiries.first;
      if (expiry === undefined || expiry.at > now) break;
      rescued.push(this.#expire(expiry.job, now));
    }
    return rescued;
  }

  /** Writes what was decided, as it is. */
  settle(job: StoredJob, settlement: Settlement, now: number): void {
    const cancelReason = job.extras?.cancelReason;
    const { policy } = job;
    const decided =
      cancelReason === undefined ? settlement : honourCancel(settlement, { policy, cancelReason });
    job.attempt = decided.attempt;
    job.stalls = decided.stalls;
    switch (decided.state) {
      case 'completed':
        job.queue.count('completed', now);
        if (decided.result !== undefined) job.more().result = decided.result;
        return this.#jobs.end(job, 'completed', decided.keep, now);
      case 'dead':
        if (decided.failure !== undefined) fail(job, decided.failure, now);
        job.more().reason = decided.reason;
        return this.#jobs.end(job, 'dead', decided.keep, now);
      case 'cancelled':
        job.more().cancelReason = decided.cancelReason;
        return this.#jobs.end(job, 'cancelled', decided.keep, now);
      case 'retrying':
        fail(job, decided.failure, now);
        return this.#jobs.wait(job, 'retrying', now + decided.delay, now);
      case 'scheduled':
        return this.#jobs.wait(job, 'scheduled', now + decided.delay, now);
      case 'ready':
        return this.#jobs.wait(job, 'scheduled', job.runAt, now);
    }
  }

  #rescue(job: StoredJob, maxStalls: number, now: number): Rescued {
    const { id, name, attempt, stalls, policy } = job;
    const extras = job.more();
    const { cancelReason } = extras;
    const asked = cancelReason === undefined ? {} : { cancelReason };
    const settlement = settleStall({ attempt, stalls, policy, ...asked }, extras.stalledAt, now, maxStalls);
    extras.stalledAt = now;
    (extras.lostTokens ??= []).push(job.token);
    this.settle(job, settlement, now);
    const state = job.state as Rescued['state'];
    const reason = state === 'dead' ? ({ reason: 'stalled' } as const) : {};
    return { id, name, queue: job.queue.name, stalls: job.stalls, state, ...reason };
  }

  #expire(job: StoredJob, now: number): Rescued {
    const { id, name, stalls } = job;
    const { keep } = decodePolicy(job.policy);
    job.more().reason = 'expired';
    this.#jobs.end(job, 'dead', keep.dead, now);
    return { id, name, queue: job.queue.name, stalls, state: 'dead', reason: 'expired' };
  }
}

/** Whether the lease is the job's own: it is until somebody else took the job, even past its time. */
export function holds(job: StoredJob, lease: Lease): boolean {
  return job.token === lease.token && job.state === 'running';
}

/** A lease that holds no more was settled, and that stands, or it was lost. */
function answerAgain(job: StoredJob, token: number): Recorded {
  const wasLeased = token >= 1 && token <= job.token;
  return wasLeased && !job.extras?.lostTokens?.includes(token) ? 'recorded' : 'lost';
}

function fail(job: StoredJob, failure: Parameters<StoredJob['addFailure']>[0], now: number): void {
  job.queue.count('failed', now);
  job.addFailure(failure, now);
}
