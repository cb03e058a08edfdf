import type { Clock } from '../../core/clock.js';
import { DeadlineTimer } from '../../core/deadline-timer.js';
import type { Floor } from './floor.js';
import type { Slots } from './slots.js';

/** Milliseconds that a claimed job waits here for a slot at most. */
const PATIENCE = 250;

/** Gives back claimed jobs that wait behind a run longer than foreseen: others may have a slot for them. */
export class PrefetchWatch {
  readonly #floor: Floor;
  readonly #slots: ReadonlyMap<string, Slots>;
  readonly #clock: Clock;
  readonly #timer: DeadlineTimer;

  constructor(floor: Floor, slots: ReadonlyMap<string, Slots>, clock: Clock) {
    this.#floor = floor;
    this.#slots = slots;
    this.#clock = clock;
    this.#timer = new DeadlineTimer(clock, (now) => this.#pass(now));
  }

  stop(): void {
    this.#timer.stop();
  }

  /** To be called when jobs may have begun to wait. */
  look(): void {
    for (const { waiting } of this.#slots.values()) {
      if (waiting > 0) return this.#timer.cover(this.#clock.monotonic() + PATIENCE);
    }
  }

  #pass(now: number): number {
    let next = Infinity;
    for (const slots of this.#slots.values()) {
      if (slots.waiting === 0) continue;
      const line = slots.line();
      const tooLong = line.filter(({ since }) => since + PATIENCE <= now);
      if (tooLong.length > 0) slots.prefetch.forget();
      this.#floor.giveBack(tooLong);
      const first = line[tooLong.length];
      if (first) next = Math.min(next, first.since + PATIENCE);
    }
    return next;
  }
}
