import { OrderedLine } from './ordered-line.js';
import type { StoredJob } from './stored-job.js';

/** The ready jobs of one name in one queue, in the order in which they are to run. Never left empty. */
export class ReadyLine extends OrderedLine<StoredJob> {
  #hasSeveralPriorities = false;

  constructor(readonly name: string) {
    super(goesBefore);
  }

  override add(job: StoredJob): void {
    const { first } = this;
    if (first !== undefined && first.priority !== job.priority) this.#hasSeveralPriorities = true;
    super.add(job);
  }

  /** When the job that has waited longest became due. Looks at all jobs, but only where priorities differ. */
  get oldest(): number {
    if (!this.#hasSeveralPriorities) return this.first?.runAt ?? Infinity;
    let oldest = Infinity;
    for (const job of this.values()) oldest = Math.min(oldest, job.runAt);
    return oldest;
  }
}

/** The order of pop: priority, due time, arrival. */
export function goesBefore(a: StoredJob, b: StoredJob): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  if (a.runAt !== b.runAt) return a.runAt < b.runAt;
  return a.arrival < b.arrival;
}
