import { OrderedLine } from './ordered-line.js';
import type { StoredJob } from './stored-job.js';

/** The ready jobs of one name in one queue, in the order in which they are to run. Never left empty. */
export class ReadyLine extends OrderedLine<StoredJob> {
  #hasSeveralOrders = false;

  constructor(readonly name: string) {
    super(goesBefore);
  }

  override add(job: StoredJob): void {
    const { first } = this;
    const isLikeFirst = first === undefined || first.priority === job.priority;
    if (!isLikeFirst || job.extras?.order !== undefined) this.#hasSeveralOrders = true;
    super.add(job);
  }

  /** When the job that has waited longest became due. Looks at all jobs, but only where they do not simply wait in line. */
  get oldest(): number {
    if (!this.#hasSeveralOrders) return this.first?.runAt ?? Infinity;
    let oldest = Infinity;
    for (const job of this.values()) oldest = Math.min(oldest, job.runAt);
    return oldest;
  }
}

/** The order of pop: priority, due time, arrival; or what the job's `order` makes of it. */
export function goesBefore(a: StoredJob, b: StoredJob): boolean {
  const level = levelOf(a);
  const other = levelOf(b);
  if (level !== other) return level < other;
  const at = placeOf(a);
  const otherAt = placeOf(b);
  if (at !== otherAt) return at < otherAt;
  return a.arrival < b.arrival;
}

function levelOf(job: StoredJob): number {
  return typeof job.extras?.order === 'object' ? 0 : job.priority;
}

function placeOf(job: StoredJob): number {
  const order = job.extras?.order;
  if (order === undefined) return job.runAt;
  // Below every time, and the lower the later it came.
  if (order === 'lifo') return -job.arrival;
  return job.runAt + job.priority * order.ageing;
}
