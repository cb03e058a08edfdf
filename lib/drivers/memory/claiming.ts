import type { LeasedJob } from '../../core/job.js';
import type { Popped, PopRequest } from '../../storage/claims.js';
import type { Governor } from './governor.js';
import type { JobQueue } from './job-queue.js';
import { HandedOut } from './handed-out.js';
import type { JobTable } from './job-table.js';
import type { QueueTable } from './queue-table.js';
import { goesBefore, type ReadyLine } from './ready-line.js';
import type { StoredJob } from './stored-job.js';

/** Hands due jobs out. */
export class Claiming {
  readonly #jobs: JobTable;
  readonly #queues: QueueTable;
  // Runners ask with the same list of names all their life.
  readonly #names = new WeakMap<readonly string[], ReadonlySet<string>>();

  constructor(jobs: JobTable, queues: QueueTable) {
    this.#jobs = jobs;
    this.#queues = queues;
  }

  pop(request: PopRequest, now: number): Popped {
    const jobs: LeasedJob[] = [];
    let nextIn = Infinity;
    for (const { queue: name, limit } of request.queues) {
      const queue = limit > 0 ? this.#queues.find(name) : undefined;
      // A paused queue has nothing to wait for: to resume it is news.
      if (queue === undefined || queue.paused !== undefined) continue;
      queue.promote(now);
      const { governor } = queue;
      const again =
        governor === undefined
          ? this.#take(queue, limit, request, now, jobs)
          : this.#takeInTurn(governor, queue, limit, request, now, jobs);
      nextIn = Math.min(nextIn, again - now, (queue.nextAt ?? Infinity) - now);
    }
    return nextIn === Infinity ? { jobs } : { jobs, nextIn: Math.max(0, nextIn) };
  }

  /** Returns when to look again: now, where due jobs are left. */
  #take(queue: JobQueue, limit: number, request: PopRequest, now: number, taken: LeasedJob[]): number {
    const { runner, lease } = request;
    const lines = queue.readyLines(this.#namesOf(request));
    const [only] = lines;
    for (let left = limit; left > 0;) {
      const line = lines.length === 1 ? only : lineOfNext(lines);
      const job = line?.takeFirst();
      if (job === undefined) break;
      if (job.hasExpired(now)) queue.setAside(job);
      else {
        this.#jobs.start(job, runner, now, now + lease);
        taken.push(new HandedOut(job));
        left -= 1;
      }
    }
    for (const line of lines) queue.dropIfEmpty(line);
    return lines.some(({ size }) => size > 0) ? now : Infinity;
  }

  #takeInTurn(
    governor: Governor,
    queue: JobQueue,
    limit: number,
    request: PopRequest,
    now: number,
    taken: LeasedJob[],
  ): number {
    const room = governor.room(queue.running, now);
    // What a limit holds back nobody needs to look for: an end makes room, and is news; a rate says when it lets go on.
    if (room <= 0) return governor.startsAgainAt(now) > now ? governor.startsAgainAt(now) : Infinity;
    const again = governor.take(Math.min(limit, room), this.#namesOf(request), now, (job) =>
      this.#takeOver(job, request, now, taken),
    );
    if (again > now || room > limit) return again;
    return governor.startsAgainAt(now) > now ? governor.startsAgainAt(now) : Infinity;
  }

  /** False for one that nobody took in time. */
  #takeOver(job: StoredJob, request: PopRequest, now: number, taken: LeasedJob[]): boolean {
    if (job.hasExpired(now)) {
      job.queue.removeReady(job);
      job.queue.setAside(job);
      return false;
    }
    this.#jobs.lease(job, request.runner, now, now + request.lease);
    taken.push(new HandedOut(job));
    return true;
  }

  #namesOf({ names }: PopRequest): ReadonlySet<string> {
    let set = this.#names.get(names);
    if (set === undefined) this.#names.set(names, (set = new Set(names)));
    return set;
  }
}

/** The line whose first job goes before all others'. Some may be empty. */
function lineOfNext(lines: readonly ReadyLine[]): ReadyLine | undefined {
  let best: ReadyLine | undefined;
  let next: StoredJob | undefined;
  for (const line of lines) {
    const { first } = line;
    if (first === undefined || (next !== undefined && !goesBefore(first, next))) continue;
    best = line;
    next = first;
  }
  return best;
}
