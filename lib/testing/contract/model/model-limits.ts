import type { Rate } from '../../../core/rate.js';
import type { QueueLimits } from '../../../storage/inspection.js';

/** A job that started. */
interface Start {
  readonly queue: string;
  readonly group: string | undefined;
  readonly at: number;
}

/** A storage may remember starts together, so that they count a sixteenth of `per` longer. */
const SLACK = 1 / 16;

/**
 * The bounds of queues, and all starts there were. Between what a rate surely allows and what it surely forbids lies
 * that slack: there a storage may do either.
 */
export class ModelLimits {
  readonly #limits = new Map<string, QueueLimits>();
  readonly #starts: Start[] = [];
  /** By what it bounds, how many starts there were before its rate was set: those need not count. */
  readonly #before = new Map<string, number>();
  /** What was remembered under a rate is looked at under the next one. */
  #longestPer = 0;

  of(queue: string): QueueLimits | undefined {
    return this.#limits.get(queue);
  }

  set(queue: string, limits: QueueLimits | undefined): void {
    const { rate, groups } = this.of(queue) ?? {};
    if (!isSame(rate, limits?.rate)) this.#before.set(queue, this.#starts.length);
    if (!isSame(groups?.rate, limits?.groups?.rate))
      this.#before.set(`groups of ${queue}`, this.#starts.length);
    this.#longestPer = Math.max(this.#longestPer, limits?.rate?.per ?? 0, limits?.groups?.rate?.per ?? 0);
    if (limits === undefined) this.#limits.delete(queue);
    else this.#limits.set(queue, limits);
  }

  began(start: Start): void {
    this.#starts.push(start);
  }

  /** Whether one more start would surely break the rate of the queue. */
  forbidsQueue(queue: string, now: number): boolean {
    const since = this.#before.get(queue) ?? 0;
    return isFull(
      this.of(queue)?.rate,
      this.#starts.slice(since).filter((start) => start.queue === queue),
      now,
    );
  }

  /** Whether one more start would surely break the rate of the group. */
  forbidsGroup(queue: string, group: string | undefined, now: number): boolean {
    const since = this.#before.get(`groups of ${queue}`) ?? 0;
    const rate = group === undefined ? undefined : this.of(queue)?.groups?.rate;
    const starts = this.#starts.slice(since);
    return isFull(
      rate,
      starts.filter((start) => start.queue === queue && start.group === group),
      now,
    );
  }

  /** From when on the rate of the queue surely lets a job start. */
  queueFreeAt(queue: string): number {
    return this.#freeAt(
      this.of(queue)?.rate,
      this.#starts.filter((start) => start.queue === queue),
    );
  }

  /** From when on the rate of the group surely lets a job start. */
  groupFreeAt(queue: string, group: string | undefined): number {
    const rate = group === undefined ? undefined : this.of(queue)?.groups?.rate;
    return this.#freeAt(
      rate,
      this.#starts.filter((start) => start.queue === queue && start.group === group),
    );
  }

  #freeAt(rate: Rate | undefined, starts: readonly Start[]): number {
    const inTheWay = rate === undefined ? undefined : starts.at(-rate.count);
    if (rate === undefined || inTheWay === undefined) return -Infinity;
    return inTheWay.at + rate.per + this.#longestPer * SLACK;
  }
}

function isFull(rate: Rate | undefined, starts: readonly Start[], now: number): boolean {
  return rate !== undefined && starts.filter(({ at }) => at + rate.per > now).length >= rate.count;
}

function isSame(one: Rate | undefined, other: Rate | undefined): boolean {
  return one?.count === other?.count && one?.per === other?.per;
}
