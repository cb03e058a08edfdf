import type { Chance } from '../core/clock.js';

const FIRST = 100;
const LONGEST = 5_000;

/** How long to wait after failed calls in a row: longer each time, up to 5 s, and spread so that processes do not return together. */
export class RetryDelay {
  readonly #chance: Chance;
  readonly #longest: number;
  #failures = 0;

  constructor(chance: Chance, longest = LONGEST) {
    this.#chance = chance;
    this.#longest = Math.min(longest, LONGEST);
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const delay = Math.min(FIRST * 2 ** this.#failures, this.#longest);
    this.#failures += 1;
    return delay * (0.5 + this.#chance.random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
