import { delayBeforeRetry } from './backoff.js';
import type { DeadReason, Failure, JobRecord, LeasedJob } from './job.js';
import { isExhausted } from './max-retries.js';
import type { Outcome } from './outcome.js';
import { decodePolicy } from './policy.js';

/**
 * The one write that follows from the end of a run. A storage applies it as it is, if the lease still holds,
 * and decides nothing. `attempt` and `stalls` are the new values; delays are milliseconds from the write by the
 * storage's clock; `keep` is how long the record stays, `false` removes it with the same write.
 * @publicApi
 */
export type Settlement = { readonly attempt: number; readonly stalls: number } & (
  | { readonly state: 'completed'; readonly result?: string; readonly keep: number | false }
  | {
      readonly state: 'dead';
      readonly reason: DeadReason;
      readonly failure?: Failure;
      readonly keep: number | false;
    }
  | { readonly state: 'cancelled'; readonly cancelReason: string; readonly keep: number | false }
  | { readonly state: 'retrying'; readonly failure: Failure; readonly delay: number }
  | { readonly state: 'scheduled'; readonly delay: number }
  /** Due at once, in the place it had: `runAt` stays. */
  | { readonly state: 'ready' }
);

/**
 * Lost leases in a row that a job is forgiven, unless the runner is told otherwise. With one more it is given up: a job
 * that kills its process at each start has four.
 * @publicApi
 */
export const DEFAULT_MAX_STALLS = 3;

/** A lost lease this long ago no longer counts: rare deploys over months must not add up. Milliseconds. */
export const STALLS_FORGOTTEN_AFTER = 72 * 3600 * 1000;

/** Decides what becomes of a job whose run has just ended. `random` is from 0 up to 1, for jitter. */
export function settle(job: LeasedJob, outcome: Outcome, random: number): Settlement {
  const { attempt } = job;
  // A run that lived to report its end shows that the job does not kill its process.
  const stalls = 0;
  switch (outcome.kind) {
    case 'completed': {
      const { result } = outcome;
      const keep = decodePolicy(job.policy).keep.completed;
      if (result === undefined) return { state: 'completed', attempt, stalls, keep };
      return { state: 'completed', attempt, stalls, keep, result };
    }
    case 'failed':
      return settleFailure(job, outcome, random);
    case 'snoozed':
      return { state: 'scheduled', attempt, stalls, delay: outcome.delay };
    case 'cancelled':
      return {
        state: 'cancelled',
        attempt,
        stalls,
        cancelReason: outcome.reason ?? '',
        keep: decodePolicy(job.policy).keep.cancelled,
      };
    case 'released':
      return { state: 'ready', attempt, stalls: job.stalls };
  }
}

function settleFailure(job: LeasedJob, outcome: Outcome & { kind: 'failed' }, random: number): Settlement {
  const { failure, final, delay } = outcome;
  const policy = decodePolicy(job.policy);
  const attempt = job.attempt + 1;
  const reason = final ?? (isExhausted(attempt, policy.maxRetries) ? 'retries-exhausted' : undefined);
  if (reason) return { state: 'dead', attempt, stalls: 0, reason, failure, keep: policy.keep.dead };
  return {
    state: 'retrying',
    attempt,
    stalls: 0,
    failure,
    delay: delay ?? delayBeforeRetry(policy.backoff, attempt, random),
  };
}

/**
 * Decides what becomes of a running job whose lease ran out: it costs no attempt, but a job that took its
 * process down more than `maxStalls` times in a row is given up. `stalledAt` is when it lost a lease before, `now` the storage's time.
 * @publicApi
 */
export function settleStall(
  job: Pick<JobRecord, 'attempt' | 'stalls' | 'policy' | 'cancelReason'>,
  stalledAt: number | undefined,
  now: number,
  maxStalls: number,
): Settlement {
  const { attempt } = job;
  const isForgotten = stalledAt !== undefined && now - stalledAt > STALLS_FORGOTTEN_AFTER;
  const stalls = (isForgotten ? 0 : job.stalls) + 1;
  if (stalls > maxStalls) {
    return { state: 'dead', attempt, stalls, reason: 'stalled', keep: decodePolicy(job.policy).keep.dead };
  }
  return honourCancel({ state: 'ready', attempt, stalls }, job);
}

/** A job that was asked to end does not run again, whatever its run decided meanwhile. @publicApi */
export function honourCancel(
  settlement: Settlement,
  job: Pick<JobRecord, 'policy' | 'cancelReason'>,
): Settlement {
  if (job.cancelReason === undefined) return settlement;
  const { state, attempt, stalls } = settlement;
  if (state === 'completed' || state === 'dead' || state === 'cancelled') return settlement;
  return {
    state: 'cancelled',
    attempt,
    stalls,
    cancelReason: job.cancelReason,
    keep: decodePolicy(job.policy).keep.cancelled,
  };
}
