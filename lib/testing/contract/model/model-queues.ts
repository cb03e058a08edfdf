import type { Ended, QueueLimits } from '../../../storage/inspection.js';
import { ModelLimits } from './model-limits.js';

/** What the model knows of queues beyond their jobs. */
export class ModelQueues {
  readonly limits = new ModelLimits();
  readonly #counts = new Map<string, Record<keyof Ended, number>>();
  readonly #pauses: {
    readonly queue: string;
    readonly group: string | undefined;
    readonly reason: string;
  }[] = [];

  /** A job was stored in it, or it was bounded. */
  know(queue: string): void {
    if (!this.#counts.has(queue)) this.#counts.set(queue, { completed: 0, failed: 0 });
  }

  known(): string[] {
    return [...this.#counts.keys()].toSorted();
  }

  count(queue: string, what: keyof Ended): void {
    const counts = this.counts(queue);
    this.#counts.set(queue, { ...counts, [what]: counts[what] + 1 });
  }

  counts(queue: string): Record<keyof Ended, number> {
    return this.#counts.get(queue) ?? { completed: 0, failed: 0 };
  }

  /** Without a group, the whole queue. */
  pause(queue: string, group: string | undefined, reason: string): void {
    this.resume(queue, group);
    this.#pauses.push({ queue, group, reason });
  }

  resume(queue: string, group: string | undefined): void {
    const index = this.#pauses.findIndex((pause) => pause.queue === queue && pause.group === group);
    if (index !== -1) this.#pauses.splice(index, 1);
  }

  /** Why it is paused. */
  pauseOf(queue: string, group?: string): string | undefined {
    return this.#pauses.find((pause) => pause.queue === queue && pause.group === group)?.reason;
  }

  limit(queue: string, limits: QueueLimits | undefined): void {
    if (limits !== undefined) this.know(queue);
    this.limits.set(queue, limits);
  }
}
