import { hasEnded } from '../../core/lifecycle.js';
import type { JobRecord, Lease, LeasedJob } from '../../core/job.js';
import { settleStall, type Settlement } from '../../core/settlement.js';
import type { BeatAnswer, Completion, PopRequest, Recorded, Rescued } from '../../storage/claims.js';
import type { CancelResult, JobChange, RemoveResult } from '../../storage/inspection.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Firing, NewSchedule, Schedule } from '../../storage/schedules.js';
import { ModelJob } from './model-job.js';

/** The numbers of a queue that the model knows. */
export interface ModelStats {
  readonly queue: string;
  readonly paused: string | undefined;
  readonly oldestReadyAt: number | undefined;
  readonly [number: string]: number | string | undefined;
}

/** What a storage promises, in the plainest words: one list of jobs, looked through from the start each time. */
export class StorageModel {
  now: number;
  readonly jobs = new Map<string, ModelJob>();
  readonly schedules = new Map<string, Schedule>();
  readonly #paused = new Map<string, string>();
  readonly #counts = new Map<string, { completed: number; failed: number }>();

  constructor(now: number) {
    this.now = now;
  }

  push(job: NewJob): Pushed {
    const present = this.jobs.get(job.id) ?? (job.unique && this.holderOf(job.unique.key));
    if (present) return { id: present.record.id, duplicate: true };
    this.jobs.set(job.id, new ModelJob(job, this.now));
    this.#countsOf(job.queue);
    return { id: job.id, duplicate: false };
  }

  holderOf(key: string): ModelJob | undefined {
    return this.#list().find((job) => job.unique?.key === key && !hasEnded(job.record.state));
  }

  pop({ runner, lease, names, queues }: PopRequest): LeasedJob[] {
    return queues.flatMap(({ queue, limit }) =>
      this.#due(queue, names)
        .slice(0, limit)
        .map((job) => job.lease(runner, lease, this.now)),
    );
  }

  /** The latest that a pop of these may tell to come again; 0 when more is due. */
  nextIn({ names, queues }: PopRequest): number | undefined {
    const open = queues.filter(({ queue, limit }) => limit > 0 && !this.#paused.has(queue));
    if (open.some(({ queue }) => this.#due(queue, names).length > 0)) return 0;
    const waiting = this.#list().filter(
      ({ record }) => open.some(({ queue }) => queue === record.queue) && names.includes(record.name),
    );
    const times = waiting.filter((job) => job.waits()).map(({ record }) => record.runAt - this.now);
    return times.length > 0 ? Math.min(...times) : undefined;
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

  rescue(maxStalls: number): Rescued[] {
    return this.#list()
      .filter(({ record }) => record.leaseUntil !== undefined && record.leaseUntil <= this.now)
      .map((job) => {
        const { id, name, queue, token } = job.record;
        const settlement = settleStall(job.record, job.stalledAt, this.now, maxStalls);
        job.stalledAt = this.now;
        job.lost.add(token);
        const { state, stalls } = this.#settle(job, settlement);
        const rescued = { id, name, queue, stalls, state: state as Rescued['state'] };
        return state === 'dead' ? { ...rescued, reason: 'stalled' } : rescued;
      });
  }

  cancel(id: string, reason: string): CancelResult {
    const job = this.jobs.get(id);
    if (!job) return 'unknown';
    const { state, attempt, stalls } = job.record;
    if (hasEnded(state)) return 'ended';
    job.record.cancelReason ??= reason;
    if (state === 'running') return 'requested';
    this.#settle(job, { state: 'ready', attempt, stalls });
    return 'cancelled';
  }

  retry(id: string): boolean {
    const job = this.jobs.get(id);
    if (job?.record.state !== 'dead' && job?.record.state !== 'cancelled') return false;
    const cleared = { endedAt: undefined, reason: undefined, cancelReason: undefined };
    Object.assign(job.record, { state: 'scheduled', attempt: 0, stalls: 0, runAt: this.now, ...cleared });
    job.keepUntil = undefined;
    job.stalledAt = undefined;
    return true;
  }

  remove(id: string): RemoveResult {
    const job = this.jobs.get(id);
    if (job?.record.state === 'running') return 'running';
    return this.jobs.delete(id) ? 'removed' : 'unknown';
  }

  change(id: string, { queue, priority, delay }: JobChange): boolean {
    const job = this.jobs.get(id);
    if (!job?.waits()) return false;
    const { record } = job;
    // A retry that came due is ready, and one that is ready and put off is scheduled.
    if (record.runAt <= this.now) record.state = 'scheduled';
    if (queue !== undefined) this.#countsOf((record.queue = queue));
    if (priority !== undefined) record.priority = priority;
    if (delay !== undefined) record.runAt = this.now + delay;
    return true;
  }

  pause(queue: string, reason: string): void {
    this.#paused.set(queue, reason);
  }

  resume(queue: string): void {
    this.#paused.delete(queue);
  }

  prune(): number {
    const over = this.#list().filter(({ keepUntil = Infinity }) => keepUntil <= this.now);
    for (const { record } of over) this.jobs.delete(record.id);
    return over.length;
  }

  putSchedule({ firstIn, ...declared }: NewSchedule): void {
    const present = this.schedules.get(declared.key);
    const isSame = JSON.stringify(present?.timing) === JSON.stringify(declared.timing);
    const nextAt = present && isSame ? present.nextAt : this.now + firstIn;
    const { watermark, lastJob } = present ?? {};
    this.schedules.set(declared.key, {
      ...declared,
      nextAt,
      ...(watermark === undefined ? {} : { watermark }),
      ...(lastJob && { lastJob }),
    });
  }

  fire({ key, expected, nextAt, watermark, jobs }: Firing): boolean {
    const schedule = this.schedules.get(key);
    if (schedule?.nextAt !== expected) return false;
    const made = jobs.map((job) => this.push(job)).filter(({ duplicate }) => !duplicate);
    const lastJob = made.at(-1)?.id ?? schedule.lastJob;
    const newest = Math.max(watermark, schedule.watermark ?? watermark);
    this.schedules.set(key, { ...schedule, nextAt, watermark: newest, ...(lastJob && { lastJob }) });
    return true;
  }

  info(id: string): JobRecord | undefined {
    const job = this.jobs.get(id);
    return job && { ...job.record, state: job.stateAt(this.now) };
  }

  stats(): ModelStats[] {
    return [...this.#counts].map(([queue, counts]) => {
      const jobs = this.#list().filter(({ record }) => record.queue === queue);
      const inState = (state: JobRecord['state']) => jobs.filter((job) => job.stateAt(this.now) === state);
      const [ready, paused] = [inState('ready'), this.#paused.get(queue)];
      const oldestReadyAt =
        ready.length > 0 ? Math.min(...ready.map(({ record }) => record.runAt)) : undefined;
      const numbers = {
        blocked: inState('blocked').length,
        ready: ready.length,
        scheduled: inState('scheduled').length,
        running: inState('running').length,
      };
      const ended = { retrying: inState('retrying').length, dead: inState('dead').length, ...counts };
      return { queue, ...numbers, ...ended, paused, oldestReadyAt };
    });
  }

  #list(): ModelJob[] {
    return [...this.jobs.values()];
  }

  /** In the order in which they are to be taken: the list stands in the order of arrival, and sorting keeps it. */
  #due(queue: string, names: readonly string[]): ModelJob[] {
    if (this.#paused.has(queue)) return [];
    return this.#list()
      .filter((job) => job.record.queue === queue && names.includes(job.record.name) && job.waits())
      .filter(({ record }) => record.runAt <= this.now)
      .toSorted((a, b) => a.record.priority - b.record.priority || a.record.runAt - b.record.runAt);
  }

  #settle(job: ModelJob, settlement: Settlement): Settlement {
    const applied = job.settle(settlement, this.now);
    const counts = this.#countsOf(job.record.queue);
    if (applied.state === 'completed') counts.completed += 1;
    if ('failure' in applied && applied.failure) counts.failed += 1;
    if (job.keepUntil === -Infinity) this.jobs.delete(job.record.id);
    return applied;
  }

  #countsOf(queue: string): { completed: number; failed: number } {
    const counts = this.#counts.get(queue) ?? { completed: 0, failed: 0 };
    this.#counts.set(queue, counts);
    return counts;
  }
}
