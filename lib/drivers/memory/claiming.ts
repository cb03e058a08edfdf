import type { LeasedJob } from '../../core/job.js';
import type { Popped, PopRequest } from '../../storage/claims.js';
import type { JobQueue } from './job-queue.js';
import { HandedOut } from './handed-out.js';
import type { JobTable } from './job-table.js';
import type { QueueTable } from './queue-table.js';
import { goesBefore, type ReadyLine } from './ready-line.js';

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
      const hasMore = this.#take(queue, limit, request, now, jobs);
      nextIn = Math.min(nextIn, hasMore ? 0 : (queue.nextAt ?? Infinity) - now);
    }
    return nextIn === Infinity ? { jobs } : { jobs, nextIn };
  }

  /** Whether due jobs are left. */
  #take(queue: JobQueue, limit: number, request: PopRequest, now: number, taken: LeasedJob[]): boolean {
    queue.promote(now);
    const lines = queue.readyLines(this.#namesOf(request));
    for (let left = limit; left > 0; left -= 1) {
      const line = lineOfNext(lines);
      const job = line?.takeFirst();
      if (line === undefined || job === undefined) break;
      this.#jobs.lease(job, request.runner, now, now + request.lease);
      taken.push(new HandedOut(job));
      if (line.size > 0) continue;
      queue.dropIfEmpty(line);
      lines.splice(lines.indexOf(line), 1);
    }
    return lines.length > 0;
  }

  #namesOf({ names }: PopRequest): ReadonlySet<string> {
    let set = this.#names.get(names);
    if (set === undefined) this.#names.set(names, (set = new Set(names)));
    return set;
  }
}

/** The line whose first job goes before all others'. */
function lineOfNext(lines: readonly ReadyLine[]): ReadyLine | undefined {
  let best = lines[0];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index];
    if (line?.first && best?.first && goesBefore(line.first, best.first)) best = line;
  }
  return best;
}
