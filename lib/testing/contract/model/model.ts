import type { Dependency, End } from '../../../core/dependency.js';
import { hasEnded } from '../../../core/lifecycle.js';
import type { JobRecord, Lease } from '../../../core/job.js';
import { decodePolicy } from '../../../core/policy.js';
import { settleStall, type Settlement } from '../../../core/settlement.js';
import type { BeatAnswer, Completion, Recorded, Rescued } from '../../../storage/claims.js';
import type { CancelResult, JobChange, RemoveResult, RetryOptions } from '../../../storage/inspection.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';
import { ModelEdge, verdictOf } from './model-edge.js';
import { dueAt, ModelJob } from './model-job.js';
import { ModelQueues } from './model-queues.js';
import { ModelSchedules } from './model-schedules.js';

/** What a storage promises, in the plainest words: one list of jobs, looked through from the start each time. */
export class StorageModel {
  now: number;
  readonly jobs = new Map<string, ModelJob>();
  readonly queues = new ModelQueues();
  readonly schedules = new ModelSchedules();
  readonly #holds: { readonly key: string; readonly job: ModelJob; readonly until: number }[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** In the order of arrival. */
  list(): ModelJob[] {
    return [...this.jobs.values()];
  }

  push(jobs: readonly NewJob[]): Pushed[] {
    const pushed = jobs.map((job) => this.#pushOne(job));
    const waiting = jobs.filter(({ after }, nth) => after !== undefined && pushed[nth]?.duplicate === false);
    for (const { id, after = [] } of waiting) this.#job(id).waitFor(after.map((one) => this.#edgeTo(one)));
    // What is waited for may have been there, and ended, before.
    for (const { on } of waiting.map(({ id }) => this.#job(id)).flatMap(({ edges }) => edges)) {
      const { state } = on.record;
      if (state === 'completed' || state === 'dead' || state === 'cancelled') this.#tell(on, state);
    }
    return pushed;
  }

  complete({ lease, settlement }: Completion): Recorded {
    const job = this.jobs.get(lease.id);
    if (!job) return 'gone';
    const answer = job.answer(lease);
    if (answer !== 'holds') return answer;
    this.#settle(job, settlement);
    return 'recorded';
  }

  release(lease: Lease): Recorded {
    const { attempt = 0, stalls = 0 } = this.jobs.get(lease.id)?.record ?? {};
    return this.complete({ lease, settlement: { state: 'ready', attempt, stalls } });
  }

  heartbeat(leases: readonly Lease[], length: number): BeatAnswer {
    const held = leases.flatMap((lease) => {
      const job = this.jobs.get(lease.id);
      return job?.answer(lease) === 'holds' ? [job.record] : [];
    });
    for (const record of held) record.leaseUntil = Math.max(record.leaseUntil ?? 0, this.now + length);
    return {
      lost: leases.map(({ id }) => id).filter((id) => !held.some((record) => record.id === id)),
      cancelled: held.flatMap(({ id, cancelReason }) =>
        cancelReason === undefined ? [] : [{ id, reason: cancelReason }],
      ),
    };
  }

  progress(lease: Lease, progress: string): void {
    const job = this.jobs.get(lease.id);
    if (job?.answer(lease) === 'holds') job.record.progress = progress;
  }

  /** The ids of what a sweep settles, whichever of them it does first. */
  overdue(): string[] {
    return this.list()
      .filter((job) => job.hasLostLease(this.now) || job.isOverdue(this.now))
      .map(({ record }) => record.id);
  }

  /** Settles one of those; `undefined` where it is none, or none any more. */
  rescue(id: string, maxStalls: number): Rescued | undefined {
    const job = this.jobs.get(id);
    if (job === undefined) return undefined;
    const { name, queue, token, attempt, stalls } = job.record;
    if (job.isOverdue(this.now)) {
      const { keep } = decodePolicy(job.record.policy);
      this.#settle(job, { state: 'dead', reason: 'expired', attempt, stalls, keep: keep.dead });
      return { id, name, queue, stalls, state: 'dead', reason: 'expired' };
    }
    if (!job.hasLostLease(this.now)) return undefined;
    const settlement = settleStall(job.record, job.stalledAt, this.now, maxStalls);
    job.stalledAt = this.now;
    job.lost.add(token);
    const applied = this.#settle(job, settlement);
    const rescued = { id, name, queue, stalls: applied.stalls, state: applied.state as Rescued['state'] };
    return applied.state === 'dead' ? { ...rescued, reason: 'stalled' } : rescued;
  }

  cancel(id: string, reason: string): CancelResult {
    const job = this.jobs.get(id);
    if (!job) return 'unknown';
    if (hasEnded(job.record.state)) return 'ended';
    job.record.cancelReason ??= reason;
    if (job.record.state === 'running') return 'requested';
    this.#cancelWaiting(job);
    return 'cancelled';
  }

  retry(id: string, { queue, delay = 0 }: RetryOptions): boolean {
    const job = this.jobs.get(id);
    if (job?.record.state !== 'dead' && job?.record.state !== 'cancelled') return false;
    const verdict = verdictOf(job.edges);
    if (verdict === 'doomed') return false;
    if (job.unique?.while === 'live' && !this.holderOf(job.unique.key)) job.holdsKey = true;
    if (queue !== undefined) this.queues.know((job.record.queue = queue));
    job.restart(verdict === 'blocked', { in: delay }, this.now);
    for (const { record, edges } of this.list()) {
      if (record.state !== 'blocked' && record.state !== 'dead' && record.state !== 'cancelled') continue;
      for (const edge of edges) if (edge.on === job) edge.reopen();
    }
    return true;
  }

  remove(id: string): RemoveResult {
    const job = this.jobs.get(id);
    if (!job) return 'unknown';
    const { state } = job.record;
    if (state === 'running') return 'running';
    this.jobs.delete(id);
    job.holdsKey = false;
    if (!hasEnded(state)) this.#tell(job, 'cancelled');
    return 'removed';
  }

  change(id: string, { queue, priority, delay }: JobChange): boolean {
    const job = this.jobs.get(id);
    if (!job?.waits() && job?.record.state !== 'blocked') return false;
    const { record } = job;
    // A retry that came due is ready, and one that is ready and put off is scheduled.
    if (job.waits() && record.runAt <= this.now) record.state = 'scheduled';
    if (queue !== undefined) this.queues.know((record.queue = queue));
    if (priority !== undefined) record.priority = priority;
    if (delay !== undefined) {
      job.due = { in: delay };
      record.runAt = this.now + delay;
    }
    job.passedBy.clear();
    return true;
  }

  prune(): number {
    const over = this.list().filter(({ keepUntil = Infinity }) => keepUntil <= this.now);
    for (const { record } of over) this.jobs.delete(record.id);
    return over.length;
  }

  info(id: string): JobRecord | undefined {
    return this.jobs.get(id)?.shown(this.now);
  }

  /** The job that a unique key is held for, by its state or for a time. */
  holderOf(key: string): ModelJob | undefined {
    const holder = this.list().find((job) => job.holdsKey && job.unique?.key === key);
    return holder ?? this.#holds.find((hold) => hold.key === key && hold.until > this.now)?.job;
  }

  #job(id: string): ModelJob {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error(`The model has no job ${id}`);
    return job;
  }

  #edgeTo(dependency: Dependency): ModelEdge {
    return new ModelEdge(this.#job(dependency.id), dependency);
  }

  #pushOne(job: NewJob): Pushed {
    if (this.jobs.has(job.id)) return { id: job.id, duplicate: true };
    const holder = job.unique && this.holderOf(job.unique.key);
    if (holder !== undefined) return this.#replace(holder, job);
    const stored = new ModelJob(job, this.now);
    this.jobs.set(job.id, stored);
    if (typeof job.unique?.while === 'object') {
      const { key, while: until } = job.unique;
      this.#holds.push({ key, job: stored, until: this.now + until.for });
    }
    this.queues.know(job.queue);
    return { id: job.id, duplicate: false };
  }

  /** What was waited for in vain would never run: it takes nothing over. */
  #replace(holder: ModelJob, { unique, payload, policy, meta, due }: NewJob): Pushed {
    const { record } = holder;
    const duplicate = { id: record.id, duplicate: true };
    const isHere = this.jobs.get(record.id) === holder;
    if (!unique?.replace || !isHere || !holder.waits() || holder.isOverdue(this.now)) return duplicate;
    if (unique.replace.includes('payload')) Object.assign(record, { payload, policy, meta });
    if (unique.replace.includes('due')) {
      Object.assign(record, { state: 'scheduled', runAt: dueAt(due, this.now) });
      holder.passedBy.clear();
    }
    return { ...duplicate, replaced: true };
  }

  #cancelWaiting(job: ModelJob): void {
    const { attempt, stalls } = job.record;
    this.#settle(job, { state: 'ready', attempt, stalls });
  }

  #settle(job: ModelJob, settlement: Settlement): Settlement {
    const applied = job.settle(settlement, this.now);
    const { queue, id, state } = job.record;
    if (applied.state === 'completed') this.queues.count(queue, 'completed');
    if ('failure' in applied && applied.failure) this.queues.count(queue, 'failed');
    if (job.keepUntil === -Infinity) this.jobs.delete(id);
    if (state === 'completed' || state === 'dead' || state === 'cancelled') this.#tell(job, state);
    return applied;
  }

  /** Those that wait for a job learn of its end: some are free now, some can never be. */
  #tell(ended: ModelJob, end: End): void {
    for (const job of this.list()) {
      const edge = job.edges.find(({ on }) => on === ended);
      if (edge === undefined || edge.ended !== undefined) continue;
      edge.settle(end, ended.record.result);
      if (edge.reason !== undefined) job.reasons.add(edge.reason);
      if (job.record.state !== 'blocked') continue;
      const verdict = verdictOf(job.edges);
      if (verdict === 'free') job.free(this.now);
      if (verdict !== 'doomed') continue;
      job.record.cancelReason = edge.reason ?? '';
      this.#cancelWaiting(job);
    }
  }
}
