import type { Clock } from '../../core/clock.js';
import { DeadlineTimer } from '../../core/deadline-timer.js';
import type { Execution } from './execution.js';

const LARGEST_MARGIN = 1_000;

/**
 * The leases this process holds, and the moment up to which it may trust each. That is counted from when the
 * claim or beat was sent, by a clock nobody sets, so a run stops before its job can be given to another runner,
 * though no answer ever comes.
 */
export class Leases {
  readonly #clock: Clock;
  readonly #span: number;
  readonly #onExpired: (execution: Execution) => void;
  /** In the order in which they came, each tied to its neighbours. */
  #first: Execution | undefined;
  #last: Execution | undefined;
  #size = 0;
  readonly #timer: DeadlineTimer;

  constructor(clock: Clock, lease: number, onExpired: (execution: Execution) => void) {
    this.#clock = clock;
    this.#span = lease - Math.min(lease / 10, LARGEST_MARGIN);
    this.#onExpired = onExpired;
    this.#timer = new DeadlineTimer(clock, (now) => this.#pass(now));
  }

  stop(): void {
    this.#timer.stop();
  }

  get size(): number {
    return this.#size;
  }

  /** Until when a lease asked for at `sentAt` may be trusted. */
  deadline(sentAt: number): number {
    return sentAt + this.#span;
  }

  hold(execution: Execution): void {
    execution.leaseBefore = this.#last;
    if (this.#last === undefined) this.#first = execution;
    else this.#last.leaseAfter = execution;
    this.#last = execution;
    this.#size += 1;
    this.#timer.cover(execution.leaseDeadline);
  }

  /** Leaves alone a later lease of the same job. */
  drop(execution: Execution): void {
    const { leaseBefore: before, leaseAfter: after } = execution;
    if (before === undefined && this.#first !== execution) return;
    if (before === undefined) this.#first = after;
    else before.leaseAfter = after;
    if (after === undefined) this.#last = before;
    else after.leaseBefore = before;
    execution.leaseBefore = execution.leaseAfter = undefined;
    this.#size -= 1;
  }

  all(): readonly Execution[] {
    const all: Execution[] = [];
    for (let held = this.#first; held !== undefined; held = held.leaseAfter) all.push(held);
    return all;
  }

  /** One for each job: it may have come back while the end of its old lease is still on its way. */
  newest(): readonly Execution[] {
    return [...new Map(this.all().map((execution) => [execution.job.id, execution])).values()];
  }

  /** Ends the trust in leases whose time is over. To be called before anything new is begun: timers may be late. */
  check(): void {
    this.#timer.check(this.#clock.monotonic());
  }

  #pass(now: number): number {
    let earliest = Infinity;
    // What expires is dropped on the way.
    for (const execution of this.all()) {
      // The end of a settled one is on its way; whether it came in time is for the storage to say.
      if (execution.isSettled) continue;
      if (execution.leaseDeadline <= now) this.#onExpired(execution);
      else if (execution.leaseDeadline < earliest) earliest = execution.leaseDeadline;
    }
    return earliest;
  }
}
