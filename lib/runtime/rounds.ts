import type { Chance, Clock } from '../core/clock.js';
import { DeadlineTimer } from '../core/deadline-timer.js';
import { RetryDelay } from './retry-delay.js';
import type { Service } from './service.js';

export interface RoundsOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Milliseconds until the first round. */
  readonly first: number;
  /** Returns the milliseconds until the next round. Gets how many milliseconds late it was called. */
  readonly round: (lateBy: number) => Promise<number>;
  /** Milliseconds between two rounds at least, however often it is woken. @default 0 */
  readonly gap?: number;
  /** Milliseconds to wait after failed rounds at most. @default 5_000 */
  readonly longestRetry?: number;
}

/** Work that is done again and again, one round at a time: sooner when woken, later and later while it fails. */
export class Rounds implements Service {
  readonly #options: RoundsOptions;
  readonly #timer: DeadlineTimer;
  readonly #retry: RetryDelay;
  #isRunning = false;
  #isBusy = false;
  #isWoken = false;
  #nextAt = Infinity;
  #begunAt = -Infinity;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#retry = new RetryDelay(options.chance, options.longestRetry);
    this.#timer = new DeadlineTimer(options.clock, (now) => this.#pass(now));
  }

  start(): void {
    this.#isRunning = true;
    this.#next(this.#options.first);
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** Has a round begin now, or right after the one under way. */
  wake(): void {
    if (!this.#isRunning) return;
    if (this.#isBusy) {
      this.#isWoken = true;
      return;
    }
    this.#nextAt = Math.min(this.#nextAt, this.#soonest());
    this.#timer.cover(this.#nextAt);
  }

  #soonest(): number {
    return Math.max(this.#options.clock.monotonic(), this.#begunAt + (this.#options.gap ?? 0));
  }

  #next(delay: number): void {
    if (!this.#isRunning) return;
    const { clock } = this.#options;
    this.#nextAt = this.#isWoken ? this.#soonest() : clock.monotonic() + delay;
    this.#isWoken = false;
    this.#timer.cover(this.#nextAt);
  }

  #pass(now: number): number {
    if (!this.#isRunning) return Infinity;
    if (now < this.#nextAt) return this.#nextAt;
    void this.#round(now - this.#nextAt);
    return Infinity;
  }

  async #round(lateBy: number): Promise<void> {
    this.#isBusy = true;
    this.#begunAt = this.#options.clock.monotonic();
    const delay = await this.#attempt(lateBy);
    this.#isBusy = false;
    this.#next(delay);
  }

  async #attempt(lateBy: number): Promise<number> {
    try {
      const delay = await this.#options.round(lateBy);
      this.#retry.reset();
      return delay;
    } catch {
      // Whoever makes the call tells of its failure; here it only means: not yet.
      return this.#retry.next();
    }
  }
}
