import type { SettledDependency } from '../../core/dependency.js';
import type { Lease, LeasedJob } from '../../core/job.js';
import type { StoredJob } from './stored-job.js';

/**
 * A job as it is handed out, of this moment: what becomes of it later does not show. It remembers what it is a copy
 * of, so that the end of its run need not search for it.
 */
export class HandedOut implements LeasedJob {
  readonly id: string;
  readonly token: number;
  readonly name: string;
  readonly queue: string;
  readonly payload: string;
  readonly policy: string;
  readonly priority: number;
  readonly attempt: number;
  readonly stalls: number;
  readonly enqueuedAt: number;
  readonly runAt: number;
  declare readonly meta?: string;
  declare readonly group?: string;
  declare readonly flow?: string;
  declare readonly after?: readonly SettledDependency[];
  readonly #original: StoredJob;

  constructor(job: StoredJob) {
    this.#original = job;
    this.id = job.id;
    this.token = job.token;
    this.name = job.name;
    this.queue = job.queue.name;
    this.payload = job.payload;
    this.policy = job.policy;
    this.priority = job.priority;
    this.attempt = job.attempt;
    this.stalls = job.stalls;
    this.enqueuedAt = job.enqueuedAt;
    this.runAt = job.runAt;
    if (job.extras === undefined) return;
    const { meta, group, flow, after } = job.extras;
    if (meta !== undefined) this.meta = meta;
    if (group !== undefined) this.group = group;
    if (flow !== undefined) this.flow = flow;
    if (after !== undefined) this.after = after;
  }

  /** What the lease is a copy of, if it came from here as it is. */
  static originalOf(lease: Lease): StoredJob | undefined {
    return #original in lease ? lease.#original : undefined;
  }
}
