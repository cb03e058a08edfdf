import type { Clock, Timer } from './clock.js';

/**
 * One timer for any number of deadlines: it is set for the earliest, and whoever owns the deadlines looks at
 * them all when it fires. Cheap where most deadlines are dropped or moved before they come.
 */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #pass: (now: number) => number;
  #at = Infinity;
  #timer: Timer | undefined;

  /** `pass` deals with all deadlines up to `now` and returns the earliest one left, `Infinity` when none is. */
  constructor(clock: Clock, pass: (now: number) => number) {
    this.#clock = clock;
    this.#pass = pass;
  }

  /** Sees to it that `pass` is called by then. Monotonic time. */
  cover(at: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.after(Math.max(0, Math.ceil(at - this.#clock.monotonic())), () => this.#fire());
  }

  /** Deals at once with what is over: after the event loop was blocked, timers are late. */
  check(now: number): void {
    if (now >= this.#at) this.#fire();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#at = Infinity;
  }

  #fire(): void {
    this.stop();
    this.cover(this.#pass(this.#clock.monotonic()));
  }
}
