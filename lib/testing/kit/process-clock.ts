import type { Clock, Timer } from '../../core/clock.js';

/** The clock of a process that may die: then nothing that it waits for happens any more. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delay: number, call: () => void): Timer {
    if (this.#isDead) return { cancel: () => {} };
    const inner = this.#clock.after(delay, () => {
      this.#timers.delete(timer);
      call();
    });
    const timer: Timer = {
      cancel: () => {
        inner.cancel();
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  soon(call: () => void): void {
    this.#clock.soon(() => {
      if (!this.#isDead) call();
    });
  }

  kill(): void {
    this.#isDead = true;
    for (const timer of this.#timers) timer.cancel();
  }
}
