import type { QueueLimits, QueueStats } from '../../storage/inspection.js';
import { JobQueue } from './job-queue.js';

/** The queues by name. */
export class QueueTable {
  readonly #queues = new Map<string, JobQueue>();
  readonly #since: number;
  #last: JobQueue | undefined;

  constructor(since: number) {
    this.#since = since;
  }

  find(name: string): JobQueue | undefined {
    return this.#queues.get(name);
  }

  /** Whether it is one of these: a queue outlives the storage that it was in. */
  has(queue: JobQueue): boolean {
    return this.#last === queue || this.#queues.get(queue.name) === queue;
  }

  obtain(name: string): JobQueue {
    // Batches mostly go to one queue.
    if (this.#last?.name === name) return this.#last;
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = new JobQueue(name)));
    return (this.#last = queue);
  }

  pause(name: string, reason: string, at: number): void {
    this.obtain(name).paused = { at, reason };
  }

  /** Whether it was paused. */
  resume(name: string): boolean {
    const queue = this.#queues.get(name);
    if (queue?.paused === undefined) return false;
    queue.paused = undefined;
    this.#forgetUnused(queue);
    return true;
  }

  pauseGroup(name: string, group: string, reason: string, at: number): void {
    this.obtain(name).govern().pause(group, { at, reason }, at);
  }

  /** Whether it was paused. */
  resumeGroup(name: string, group: string, now: number): boolean {
    const queue = this.#queues.get(name);
    const wasPaused = queue?.governor?.pause(group, undefined, now) ?? false;
    if (queue !== undefined) this.#forgetUnused(queue);
    return wasPaused;
  }

  limit(name: string, limits: QueueLimits | undefined): void {
    const queue = this.obtain(name);
    if (limits !== undefined) queue.isKnown = true;
    queue.limits = limits;
    queue.govern().limit(limits ?? {});
  }

  stats(now: number): QueueStats[] {
    return [...this.#queues.values()]
      .map((queue) => queue.stats(now, this.#since))
      .toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
  }

  /** One that never had a job is there for as long as it, or a group of it, is paused. */
  #forgetUnused(queue: JobQueue): void {
    if (queue.isKnown || queue.paused !== undefined || queue.governor?.hasGroups) return;
    this.#queues.delete(queue.name);
    if (this.#last === queue) this.#last = undefined;
  }
}
