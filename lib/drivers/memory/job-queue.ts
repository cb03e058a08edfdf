import type { Ended, QueueLimits, QueueStats } from '../../storage/inspection.js';
import { Governor } from './governor.js';
import { OrderedLine } from './ordered-line.js';
import { ReadyLine } from './ready-line.js';
import { RecentEnds } from './recent-ends.js';
import type { StoredJob } from './stored-job.js';

/**
 * One queue: its waiting jobs and its counters. The lines come and go with their jobs, since an application may
 * name a queue after each of its customers: an empty queue is a few numbers.
 */
export class JobQueue {
  paused: QueueStats['paused'] = undefined;
  /** A job was stored in it. */
  isKnown = false;
  /** Set once it had a group or a limit. */
  governor: Governor | undefined = undefined;
  limits: QueueLimits | undefined = undefined;
  running = 0;
  retrying = 0;
  dead = 0;
  completed = 0;
  failed = 0;
  #blocked: Set<StoredJob> | undefined = undefined;
  /** Ready too late: claims do not meet them, and the sweep is still to end them. */
  #late: Set<StoredJob> | undefined = undefined;
  #recent: RecentEnds | undefined = undefined;
  #ready: Map<string, ReadyLine> | undefined = undefined;
  #waiting: OrderedLine<StoredJob> | undefined = undefined;

  constructor(readonly name: string) {}

  /** From now on claims go by groups and limits. */
  govern(): Governor {
    if (this.governor !== undefined) return this.governor;
    const governor = (this.governor = new Governor());
    const jobs = [...this.lines()].flatMap((line) => [...line.values()]);
    this.#ready = undefined;
    for (const job of jobs) {
      governor.arrive(job);
      governor.add(job);
    }
    for (const job of this.#waiting?.values() ?? []) governor.arrive(job);
    for (const job of this.#blocked ?? []) governor.arrive(job);
    for (const job of this.#late ?? []) governor.arrive(job);
    return governor;
  }

  addBlocked(job: StoredJob): void {
    (this.#blocked ??= new Set()).add(job);
  }

  removeBlocked(job: StoredJob): void {
    this.#blocked?.delete(job);
    if (this.#blocked?.size === 0) this.#blocked = undefined;
  }

  /** A ready job that nobody took in time, and that stands in no line any more. */
  setAside(job: StoredJob): void {
    (this.#late ??= new Set()).add(job);
  }

  /** False for one that was not set aside. */
  removeLate(job: StoredJob): boolean {
    const wasLate = this.#late?.delete(job) ?? false;
    if (this.#late?.size === 0) this.#late = undefined;
    return wasLate;
  }

  count(what: keyof Ended, now: number): void {
    this[what] += 1;
    (this.#recent ??= new RecentEnds()).count(what, now);
  }

  addReady(job: StoredJob): void {
    if (this.governor !== undefined) return this.governor.add(job);
    this.#ready ??= new Map();
    let line = this.#ready.get(job.name);
    if (line === undefined) this.#ready.set(job.name, (line = new ReadyLine(job.name)));
    line.add(job);
  }

  removeReady(job: StoredJob): void {
    if (this.governor !== undefined) return this.governor.remove(job);
    const line = this.#ready?.get(job.name);
    if (line === undefined) return;
    line.remove(job);
    this.dropIfEmpty(line);
  }

  /** Whoever takes jobs from a line calls this when done. */
  dropIfEmpty(line: ReadyLine): void {
    if (line.size > 0) return;
    this.#ready?.delete(line.name);
    if (this.#ready?.size === 0) this.#ready = undefined;
  }

  addWaiting(job: StoredJob): void {
    if (job.state === 'retrying') this.retrying += 1;
    this.#waiting ??= new OrderedLine(isDueBefore);
    this.#waiting.add(job);
  }

  removeWaiting(job: StoredJob): void {
    if (job.state === 'retrying') this.retrying -= 1;
    this.#waiting?.remove(job);
    if (this.#waiting?.size === 0) this.#waiting = undefined;
  }

  /** Time has come for these: they stand with the ready ones from now on. */
  promote(now: number): void {
    for (let job = this.#waiting?.first; job !== undefined && job.runAt <= now; job = this.#waiting?.first) {
      this.removeWaiting(job);
      job.state = 'ready';
      this.addReady(job);
    }
  }

  /** The lines whose jobs somebody can run; none of them is empty. */
  readyLines(names: ReadonlySet<string>): ReadyLine[] {
    const lines: ReadyLine[] = [];
    if (this.#ready === undefined) return lines;
    for (const line of this.#ready.values()) if (names.has(line.name)) lines.push(line);
    return lines;
  }

  /** When the earliest job that waits for its time is due. */
  get nextAt(): number | undefined {
    return this.#waiting?.first?.runAt;
  }

  *lines(): Iterable<ReadyLine> {
    if (this.#ready !== undefined) yield* this.#ready.values();
    for (const group of this.governor?.groups() ?? []) yield* group.lines();
  }

  stats(now: number, since: number): QueueStats {
    this.promote(now);
    let ready = 0;
    let oldestReadyAt = Infinity;
    for (const line of this.lines()) {
      ready += line.size;
      oldestReadyAt = Math.min(oldestReadyAt, line.oldest);
    }
    for (const { runAt } of this.#late ?? []) {
      ready += 1;
      oldestReadyAt = Math.min(oldestReadyAt, runAt);
    }
    const { name: queue, running, retrying, dead, completed, failed, paused, limits } = this;
    const scheduled = (this.#waiting?.size ?? 0) - retrying;
    return {
      ...{
        queue,
        blocked: this.#blocked?.size ?? 0,
        ready,
        scheduled,
        running,
        retrying,
        dead,
        completed,
        failed,
        since,
      },
      ...(ready === 0 ? {} : { oldestReadyAt }),
      ...(paused === undefined ? {} : { paused }),
      ...(limits === undefined ? {} : { limits }),
      recent: this.#recent?.at(now) ?? NOTHING_ENDED,
    };
  }
}

const NOTHING = { completed: 0, failed: 0 };
const NOTHING_ENDED = { hour: NOTHING, day: NOTHING, month: NOTHING };

function isDueBefore(a: StoredJob, b: StoredJob): boolean {
  return a.runAt < b.runAt;
}
