import type { End } from '../../core/dependency.js';
import { hasEnded } from '../../core/lifecycle.js';
import type { Lease } from '../../core/job.js';
import { decodePolicy } from '../../core/policy.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import { Dependants } from './dependants.js';
import { HandedOut } from './handed-out.js';
import { OrderedLine } from './ordered-line.js';
import { InternedTexts } from './interned-texts.js';
import type { JobQueue } from './job-queue.js';
import type { QueueTable } from './queue-table.js';
import type { ReadyNews } from './ready-news.js';
import { StoredJob, type Expiry } from './stored-job.js';
import { UniqueKeys } from './unique-keys.js';

/**
 * All jobs, and the one way to move them: a job stands in exactly one line, which its state names, so that
 * whatever is due, expired or over is found without looking at the others.
 */
export class JobTable {
  /** Running, by the end of their lease. */
  readonly leases = new OrderedLine<StoredJob>(isUntilBefore);
  /** Ended, by the time their record is over. */
  readonly ended = new OrderedLine<StoredJob>(isUntilBefore);
  /** Of those that nobody has taken yet and that have a time for it. */
  readonly expiries = new OrderedLine<Expiry>((a, b) => a.at < b.at);
  readonly keys = new UniqueKeys();
  readonly #jobs = new Map<string, StoredJob>();
  readonly #dependants = new Dependants();
  /** Ends that those who wait for them have not been told yet: each may bring about others. */
  readonly #untold: { readonly id: string; readonly end: End; readonly result: string | undefined }[] = [];
  #isTelling = false;
  readonly #names = new InternedTexts();
  readonly #policies = new InternedTexts();
  readonly #queues: QueueTable;
  readonly #news: ReadyNews;
  #arrivals = 0;

  constructor(queues: QueueTable, news: ReadyNews) {
    this.#queues = queues;
    this.#news = news;
  }

  find(id: string): StoredJob | undefined {
    return this.#jobs.get(id);
  }

  /** The job of a lease. Only one that runs, in this table, is surely still here and need not be looked for. */
  ofLease(lease: Lease): StoredJob | undefined {
    const original = HandedOut.originalOf(lease);
    const isHere = original?.state === 'running' && this.#queues.has(original.queue);
    return isHere ? original : this.#jobs.get(lease.id);
  }

  /** Every job, the one that arrived first first. */
  values(): Iterable<StoredJob> {
    return this.#jobs.values();
  }

  add(spec: NewJob, now: number): Pushed {
    if (this.#jobs.has(spec.id)) return { id: spec.id, duplicate: true };
    const holder = spec.unique && this.keys.holderOf(spec.unique.key, now);
    if (holder !== undefined) return this.#replace(holder, spec, now);
    const queue = this.#queues.obtain(spec.queue);
    queue.isKnown = true;
    if (spec.group !== undefined) queue.govern();
    const shared = { name: this.#names.intern(spec.name), policy: this.#policies.intern(spec.policy) };
    const job = new StoredJob(spec, queue, shared, dueAt(spec.due, now), now, (this.#arrivals += 1));
    this.#jobs.set(job.id, job);
    if (spec.unique) this.keys.take(job, spec.unique, now);
    if (job.extras?.expiry) this.expiries.add(job.extras.expiry);
    this.#dependants.add(job);
    this.#enterWaiting(job);
    return { id: job.id, duplicate: false };
  }

  /** Of jobs that were pushed: what they wait for may have been here before, and have ended. */
  tellKnown(jobs: readonly NewJob[], now: number): void {
    for (const { id } of jobs.flatMap(({ after = [] }) => after)) {
      const job = this.#jobs.get(id);
      if (job?.state === 'completed' || job?.state === 'dead' || job?.state === 'cancelled') {
        this.#tell(id, job.state, job.extras?.result, now);
      }
    }
  }

  /** The job waits until `runAt`; a time that has come makes it ready. */
  wait(job: StoredJob, state: 'scheduled' | 'retrying', runAt: number, now: number): void {
    this.#leave(job, now);
    job.runAt = runAt;
    job.state = runAt <= now ? 'ready' : state;
    this.#enterWaiting(job);
  }

  /** An ended job starts again, in whatever queue; blocked, if what it waits for has started again as well. */
  restart(job: StoredJob, isBlocked: boolean, queue: string, runAt: number, now: number): void {
    this.#leave(job, now);
    this.#moveTo(job, queue);
    this.keys.retake(job, now);
    this.#dependants.reopen(job.id);
    job.runAt = runAt;
    job.state = isBlocked ? 'blocked' : runAt <= now ? 'ready' : 'scheduled';
    this.#enterWaiting(job);
  }

  /** Takes a ready job over. */
  lease(job: StoredJob, runner: string, now: number, until: number): void {
    // First of all: a group that is left by its last job, and has none that runs, is forgotten.
    job.queue.governor?.began(job);
    this.#leave(job, now);
    this.start(job, runner, now, until);
  }

  /** The same with one that was taken from its line already, in a queue without groups and limits. */
  start(job: StoredJob, runner: string, now: number, until: number): void {
    job.state = 'running';
    job.token += 1;
    job.runner = runner;
    job.startedAt = now;
    job.until = until;
    job.queue.running += 1;
    this.leases.add(job);
    if (job.extras === undefined) return;
    this.#dropExpiry(job);
    if (job.extras.unique?.while === 'waiting') this.keys.release(job);
  }

  /** A lease that was longer stays as it is. */
  extend(job: StoredJob, until: number): void {
    if (job.until !== undefined && job.until >= until) return;
    this.leases.remove(job);
    job.until = until;
    this.leases.add(job);
  }

  /** `keep`: milliseconds that the record stays. */
  end(job: StoredJob, state: End, keep: number | false, now: number): void {
    this.#leave(job, now);
    this.#letGo(job);
    job.state = state;
    if (keep === false) this.#forget(job);
    else {
      job.endedAt = now;
      job.until = now + keep;
      if (state === 'dead') job.queue.dead += 1;
      this.ended.add(job);
    }
    this.#tell(job.id, state, job.extras?.result, now);
  }

  remove(job: StoredJob, now: number): void {
    const { state } = job;
    this.#leave(job, now);
    this.#letGo(job);
    this.#forget(job);
    // Those who wait for it would do so for ever.
    if (!hasEnded(state)) this.#tell(job.id, 'cancelled', undefined, now);
    else this.#dependants.forget(job.id);
  }

  /** Changes where and when a waiting job waits. */
  requeue(job: StoredJob, queue: string, priority: number, runAt: number, now: number): void {
    this.#leave(job, now);
    this.#moveTo(job, queue);
    job.priority = priority;
    job.runAt = runAt;
    if (job.state !== 'blocked') {
      if (runAt <= now) job.state = 'ready';
      else if (job.state === 'ready') job.state = 'scheduled';
    }
    this.#enterWaiting(job);
  }

  #moveTo(job: StoredJob, queue: string): void {
    job.queue = this.#queues.obtain(queue);
    job.queue.isKnown = true;
    if (job.group !== undefined) job.queue.govern();
  }

  /** What the holder of a key takes over from one that came too late. */
  #replace(id: string, spec: NewJob, now: number): Pushed {
    const job = this.#jobs.get(id);
    const replace = spec.unique?.replace ?? [];
    job?.queue.promote(now);
    const waits = job?.state === 'ready' || job?.state === 'scheduled' || job?.state === 'retrying';
    // A key that is held for a time may outlive its job, and somebody else have that id.
    const isHolder = job?.extras?.unique?.key === spec.unique?.key;
    if (!waits || !isHolder || replace.length === 0 || job.hasExpired(now)) return { id, duplicate: true };
    if (replace.includes('payload')) {
      job.payload = spec.payload;
      job.policy = this.#policies.intern(spec.policy);
      if (spec.meta !== undefined || job.extras !== undefined) job.more().meta = spec.meta;
    }
    if (replace.includes('due')) this.wait(job, 'scheduled', dueAt(spec.due, now), now);
    return { id, duplicate: true, replaced: true };
  }

  #tell(id: string, end: End, result: string | undefined, now: number): void {
    if (!this.#dependants.has(id)) return;
    this.#untold.push({ id, end, result });
    // What follows from an end is told after it, not within it: a chain may be long.
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      for (const { job, cancelReason } of this.#dependants.settle(next.id, next.end, next.result)) {
        if (cancelReason === undefined) this.wait(job, 'scheduled', dueAt(job.extras?.due ?? NOW, now), now);
        else {
          job.more().cancelReason = cancelReason;
          this.end(job, 'cancelled', decodePolicy(job.policy).keep.cancelled, now);
        }
      }
      if (!this.#jobs.has(next.id)) this.#dependants.forget(next.id);
    }
    this.#isTelling = false;
  }

  // Also news when it is due later: whoever sleeps until the next job it knew of must look again.
  #enterWaiting(job: StoredJob): void {
    const { queue, state } = job;
    queue.governor?.arrive(job);
    if (state === 'blocked') {
      queue.addBlocked(job);
      return;
    }
    if (state === 'ready') queue.addReady(job);
    else queue.addWaiting(job);
    this.#news.note(queue);
  }

  /** Takes the job out of the line that its state names. */
  #leave(job: StoredJob, now: number): void {
    const { queue, state } = job;
    if (state === 'running') return this.#leaveRunning(job, queue, now);
    if (hasEnded(state)) return this.#leaveEnded(job, queue);
    if (state === 'blocked') queue.removeBlocked(job);
    else if (state !== 'ready') queue.removeWaiting(job);
    else if (!queue.removeLate(job)) queue.removeReady(job);
    queue.governor?.depart(job, now);
  }

  #leaveRunning(job: StoredJob, queue: JobQueue, now: number): void {
    this.leases.remove(job);
    queue.running -= 1;
    job.until = undefined;
    job.runner = undefined;
    if (queue.governor === undefined) return;
    queue.governor.ended(job, now);
    // There may be room now for one that somebody else waits for.
    this.#news.note(queue);
  }

  #leaveEnded(job: StoredJob, queue: JobQueue): void {
    this.ended.remove(job);
    if (job.state === 'dead') queue.dead -= 1;
    job.until = undefined;
    job.endedAt = undefined;
  }

  /** What it held while it was not over. */
  #letGo(job: StoredJob): void {
    this.#dropExpiry(job);
    this.keys.release(job);
  }

  #dropExpiry(job: StoredJob): void {
    const expiry = job.extras?.expiry;
    if (expiry === undefined) return;
    this.expiries.remove(expiry);
    job.more().expiry = undefined;
  }

  #forget(job: StoredJob): void {
    this.#dependants.remove(job);
    this.#jobs.delete(job.id);
  }
}

const NOW = { in: 0 };

function dueAt(due: NewJob['due'], now: number): number {
  return 'in' in due ? now + due.in : Math.max(now, due.at);
}

function isUntilBefore(a: StoredJob, b: StoredJob): boolean {
  return (a.until ?? 0) < (b.until ?? 0);
}
