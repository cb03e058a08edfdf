import type { Clock } from '../core/clock.js';

/** The clock in whole milliseconds, never going back: leases, order and schedules rest on that. */
export class StorageTime {
  readonly #clock: Clock;
  #last = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return (this.#last = Math.max(this.#last, Math.floor(this.#clock.now())));
  }
}
