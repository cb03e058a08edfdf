import {
  FAILURES_KEPT,
  type Failure,
  type JobRecord,
  type Lease,
  type LeasedJob,
} from '../../../core/job.js';
import { hasEnded, visibleState } from '../../../core/lifecycle.js';
import { honourCancel, type Settlement } from '../../../core/settlement.js';
import type { Recorded } from '../../../storage/claims.js';
import type { Due, NewJob } from '../../../storage/new-job.js';
import { fieldsOf } from '../looking.js';
import type { ModelEdge } from './model-edge.js';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A job of the model: its record, and what a storage knows beyond it. */
export class ModelJob {
  readonly record: Writable<JobRecord>;
  readonly unique: NewJob['unique'];
  readonly order: NewJob['order'];
  /** When it is due; of one that waits for others, once it is free. */
  due: Due;
  edges: readonly ModelEdge[] = [];
  /** The unique key is its own, by its state. */
  holdsKey: boolean;
  stalledAt: number | undefined;
  /** When the record of an ended job may go. */
  keepUntil: number | undefined;
  /** Tokens that a rescue took away. */
  readonly lost = new Set<number>();
  /** Every reason that it may have been cancelled for since it waited: which of several came first nobody promises. */
  readonly reasons = new Set<string>();
  /** Groups that were served, while this job could have been, since it came or its own group was. */
  readonly passedBy = new Set<string | undefined>();

  constructor(job: NewJob, now: number) {
    const { due, unique, expiresIn, order, after: _, ...given } = job;
    this.unique = unique;
    this.order = order;
    this.due = due;
    this.holdsKey = unique !== undefined && typeof unique.while === 'string';
    this.record = {
      ...given,
      ...{ token: 0, attempt: 0, stalls: 0, failures: [], enqueuedAt: now, runAt: dueAt(due, now) },
      ...{ state: 'scheduled', uniqueKey: unique?.key },
      ...(expiresIn === undefined ? {} : { expiresAt: now + expiresIn }),
    };
  }

  stateAt(now: number): JobRecord['state'] {
    return visibleState(this.record.state, this.record.runAt, now);
  }

  /** As a reader sees it. */
  shown(now: number): JobRecord {
    const after = this.edges.length > 0 ? { after: this.edges.map((edge) => edge.shown()) } : {};
    return { ...this.record, ...after, state: this.stateAt(now) };
  }

  waits(): boolean {
    return (
      this.record.state === 'scheduled' || this.record.state === 'retrying' || this.record.state === 'ready'
    );
  }

  /** Nobody took it in time, and a sweep may end it. */
  isOverdue(now: number): boolean {
    const { expiresAt, state } = this.record;
    return expiresAt !== undefined && expiresAt <= now && !hasEnded(state);
  }

  hasLostLease(now: number): boolean {
    const { leaseUntil } = this.record;
    return leaseUntil !== undefined && leaseUntil <= now;
  }

  lease(runner: string, lease: number, now: number): LeasedJob {
    const { record } = this;
    Object.assign(record, {
      ...{ state: 'running', token: record.token + 1, runner, leaseUntil: now + lease, startedAt: now },
      expiresAt: undefined,
    });
    if (this.unique?.while === 'waiting') this.holdsKey = false;
    const { id, token, name, queue, payload, policy, priority, attempt, stalls, enqueuedAt, runAt } = record;
    const { meta, group, flow } = record;
    const leased = { id, token, name, queue, payload, policy, priority, attempt, stalls, enqueuedAt, runAt };
    const { after } = this.shown(now);
    return fieldsOf({ ...leased, meta, group, flow, after }) as unknown as LeasedJob;
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

  waitFor(edges: readonly ModelEdge[]): void {
    this.edges = edges;
    this.record.state = 'blocked';
  }

  /** Nothing that it waited for holds it back any more. */
  free(now: number): void {
    this.record.state = 'scheduled';
    this.record.runAt = dueAt(this.due, now);
  }

  restart(isBlocked: boolean, due: Due, now: number): void {
    const cleared = { endedAt: undefined, reason: undefined, cancelReason: undefined };
    Object.assign(this.record, { attempt: 0, stalls: 0, runAt: dueAt(due, now), ...cleared });
    this.record.state = isBlocked ? 'blocked' : 'scheduled';
    this.due = due;
    this.keepUntil = undefined;
    this.stalledAt = undefined;
    this.reasons.clear();
  }

  #fail(failure: Failure, at: number): void {
    const { failures, attempt } = this.record;
    this.record.failures = [...failures, { ...failure, attempt, at }].slice(-FAILURES_KEPT);
  }

  #end(keep: number | false, now: number): void {
    this.record.endedAt = now;
    this.record.expiresAt = undefined;
    this.holdsKey = false;
    this.keepUntil = keep === false ? -Infinity : now + keep;
  }
}

export function dueAt(due: Due, now: number): number {
  return 'in' in due ? now + due.in : Math.max(now, due.at);
}
