import { hasEnded } from '../../core/lifecycle.js';
import type { Lease } from '../../core/job.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import { HandedOut } from './handed-out.js';
import { OrderedLine } from './ordered-line.js';
import { InternedTexts } from './interned-texts.js';
import type { JobQueue } from './job-queue.js';
import type { QueueTable } from './queue-table.js';
import type { ReadyNews } from './ready-news.js';
import { StoredJob } from './stored-job.js';

type EndState = 'completed' | 'dead' | 'cancelled';

/**
 * All jobs, and the one way to move them: a job stands in exactly one line, which its state names, so that
 * whatever is due, expired or over is found without looking at the others.
 */
export class JobTable {
  /** Running, by the end of their lease. */
  readonly leases = new OrderedLine<StoredJob>(isUntilBefore);
  /** Ended, by the time their record is over. */
  readonly ended = new OrderedLine<StoredJob>(isUntilBefore);
  readonly #jobs = new Map<string, StoredJob>();
  readonly #holders = new Map<string, StoredJob>();
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
    const present = this.#jobs.get(spec.id) ?? (spec.unique && this.#holders.get(spec.unique.key));
    if (present !== undefined) return { id: present.id, duplicate: true };
    const queue = this.#queues.obtain(spec.queue);
    queue.isKnown = true;
    const shared = { name: this.#names.intern(spec.name), policy: this.#policies.intern(spec.policy) };
    const runAt = 'in' in spec.due ? now + spec.due.in : Math.max(now, spec.due.at);
    const job = new StoredJob(spec, queue, shared, runAt, now, (this.#arrivals += 1));
    this.#jobs.set(job.id, job);
    if (spec.unique) this.#holders.set(spec.unique.key, job);
    this.#enterWaiting(job);
    return { id: job.id, duplicate: false };
  }

  /** The job waits until `runAt`; a time that has come makes it ready. */
  wait(job: StoredJob, state: 'scheduled' | 'retrying', runAt: number, now: number): void {
    this.#leave(job);
    job.runAt = runAt;
    job.state = runAt <= now ? 'ready' : state;
    this.#enterWaiting(job);
  }

  /** Takes a job over that its ready line has just given up. */
  lease(job: StoredJob, runner: string, now: number, until: number): void {
    job.state = 'running';
    job.token += 1;
    job.runner = runner;
    job.startedAt = now;
    job.until = until;
    job.queue.running += 1;
    this.leases.add(job);
    if (job.extras?.unique?.while === 'waiting') this.#releaseKey(job);
  }

  /** A lease that was longer stays as it is. */
  extend(job: StoredJob, until: number): void {
    if (job.until !== undefined && job.until >= until) return;
    this.leases.remove(job);
    job.until = until;
    this.leases.add(job);
  }

  /** `keep`: milliseconds that the record stays. */
  end(job: StoredJob, state: EndState, keep: number | false, now: number): void {
    this.#leave(job);
    this.#releaseKey(job);
    job.state = state;
    if (keep === false) return void this.#jobs.delete(job.id);
    job.endedAt = now;
    job.until = now + keep;
    if (state === 'dead') job.queue.dead += 1;
    this.ended.add(job);
  }

  remove(job: StoredJob): void {
    this.#leave(job);
    this.#releaseKey(job);
    this.#jobs.delete(job.id);
  }

  /** Changes where and when a waiting job waits. */
  requeue(job: StoredJob, queue: string, priority: number, runAt: number, now: number): void {
    this.#leave(job);
    job.queue = this.#queues.obtain(queue);
    job.queue.isKnown = true;
    job.priority = priority;
    job.runAt = runAt;
    if (runAt <= now) job.state = 'ready';
    else if (job.state === 'ready') job.state = 'scheduled';
    this.#enterWaiting(job);
  }

  /** A job that lives again holds its unique key again, unless another has it by now. */
  retakeKey(job: StoredJob): void {
    const unique = job.extras?.unique;
    if (unique?.while === 'live' && !this.#holders.has(unique.key)) this.#holders.set(unique.key, job);
  }

  // Also news when it is due later: whoever sleeps until the next job it knew of must look again.
  #enterWaiting(job: StoredJob): void {
    if (job.state === 'ready') job.queue.addReady(job);
    else job.queue.addWaiting(job);
    this.#news.note(job.queue);
  }

  /** Takes the job out of the line that its state names. */
  #leave(job: StoredJob): void {
    const { queue, state } = job;
    if (state === 'ready') return queue.removeReady(job);
    if (hasEnded(state)) return this.#leaveEnded(job, queue);
    if (state !== 'running') return queue.removeWaiting(job);
    this.leases.remove(job);
    queue.running -= 1;
    job.until = undefined;
    job.runner = undefined;
  }

  #leaveEnded(job: StoredJob, queue: JobQueue): void {
    this.ended.remove(job);
    if (job.state === 'dead') queue.dead -= 1;
    job.until = undefined;
    job.endedAt = undefined;
  }

  /** Only its own: somebody else may have the key by now. */
  #releaseKey(job: StoredJob): void {
    const key = job.extras?.unique?.key;
    if (key !== undefined && this.#holders.get(key) === job) this.#holders.delete(key);
  }
}

function isUntilBefore(a: StoredJob, b: StoredJob): boolean {
  return (a.until ?? 0) < (b.until ?? 0);
}
