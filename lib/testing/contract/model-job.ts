import { FAILURES_KEPT, type Failure, type JobRecord, type Lease, type LeasedJob } from '../../core/job.js';
import { visibleState } from '../../core/lifecycle.js';
import { honourCancel, type Settlement } from '../../core/settlement.js';
import type { Recorded } from '../../storage/claims.js';
import type { NewJob } from '../../storage/new-job.js';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A job of the model: its record, and what a storage knows beyond it. */
export class ModelJob {
  readonly record: Writable<JobRecord>;
  readonly unique: NewJob['unique'];
  stalledAt: number | undefined;
  /** When the record of an ended job may go. */
  keepUntil: number | undefined;
  /** Tokens that a rescue took away. */
  readonly lost = new Set<number>();

  constructor(job: NewJob, now: number) {
    const { due, unique, expiresIn: _, ...given } = job;
    const runAt = 'in' in due ? now + due.in : Math.max(now, due.at);
    this.unique = unique;
    this.record = {
      ...given,
      ...{ token: 0, attempt: 0, stalls: 0, failures: [], enqueuedAt: now, runAt },
      ...{ state: 'scheduled', uniqueKey: unique?.key },
    };
  }

  stateAt(now: number): JobRecord['state'] {
    return visibleState(this.record.state, this.record.runAt, now);
  }

  waits(): boolean {
    return (
      this.record.state === 'scheduled' || this.record.state === 'retrying' || this.record.state === 'ready'
    );
  }

  lease(runner: string, lease: number, now: number): LeasedJob {
    const { record } = this;
    Object.assign(record, {
      state: 'running',
      token: record.token + 1,
      runner,
      leaseUntil: now + lease,
      startedAt: now,
    });
    const { id, token, name, queue, payload, policy, priority, attempt, stalls, enqueuedAt, runAt, meta } =
      record;
    return {
      id,
      token,
      name,
      queue,
      payload,
      policy,
      priority,
      attempt,
      stalls,
      enqueuedAt,
      runAt,
      ...(meta && { meta }),
    };
  }

  /** Whether the lease holds, or what its run is told. */
  answer({ token }: Lease): Recorded | 'holds' {
    if (this.record.state === 'running' && this.record.token === token) return 'holds';
    return token >= 1 && token <= this.record.token && !this.lost.has(token) ? 'recorded' : 'lost';
  }

  /** Applies a settlement; returns what was applied, which a cancel request may have changed. */
  settle(settlement: Settlement, now: number): Settlement {
    const { record } = this;
    const applied = honourCancel(settlement, record);
    const { state, attempt, stalls } = applied;
    Object.assign(record, { state, attempt, stalls, runner: undefined, leaseUntil: undefined });
    if ('failure' in applied && applied.failure) this.#fail(applied.failure, now);
    if ('delay' in applied) record.runAt = now + applied.delay;
    if ('result' in applied) record.result = applied.result;
    if ('reason' in applied) record.reason = applied.reason;
    if ('cancelReason' in applied) record.cancelReason = applied.cancelReason;
    if ('keep' in applied) this.#end(applied.keep, now);
    // Due at once is ready, however the run put it; a ready job is one that waits for a time that has come.
    if (this.waits() && record.runAt <= now) record.state = 'scheduled';
    return applied;
  }

  #fail(failure: Failure, at: number): void {
    const { failures, attempt } = this.record;
    this.record.failures = [...failures, { ...failure, attempt, at }].slice(-FAILURES_KEPT);
  }

  #end(keep: number | false, now: number): void {
    this.record.endedAt = now;
    this.keepUntil = keep === false ? -Infinity : now + keep;
  }
}
