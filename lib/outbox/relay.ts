import type { Chance, Clock } from '../core/clock.js';
import { Rounds } from '../runtime/rounds.js';
import type { JobOutbox } from '../storage/job-outbox.js';
import type { Storage } from '../storage/storage.js';

const BATCH = 500;
const FIRST_PAUSE = 5;

export interface RelayOptions {
  readonly outbox: JobOutbox;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Milliseconds between two looks when nothing was heard of new jobs. */
  readonly interval: number;
  /** Told once per outage. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Moves jobs from an outbox to their storage, while it is started. A job that was pushed and could not be taken out,
 * since the process died in between, is pushed again under the same id, which stores no second one.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #rounds: Rounds;
  #pause: number;
  #isTroubled = false;
  #underWay: Promise<number> | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#pause = options.interval;
    const { clock, chance } = options;
    this.#rounds = new Rounds({ clock, chance, first: 0, round: () => this.#round() });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Jobs were put in, by a transaction that will be committed some time soon: looks often at first. */
  wake(): void {
    this.#pause = FIRST_PAUSE;
    this.#rounds.wake();
  }

  /** Resolves when no job is in hand any more. */
  async stop(): Promise<void> {
    this.#rounds.stop();
    await this.#underWay?.catch(() => {});
  }

  async #round(): Promise<number> {
    const { outbox, storage, interval, chance } = this.#options;
    try {
      this.#underWay = outbox.move(BATCH, (jobs) => storage.push(jobs));
      const moved = await this.#underWay;
      this.#isTroubled = false;
      if (moved === BATCH) return 0;
      this.#pause = moved > 0 ? interval : Math.min(this.#pause * 2, interval);
      return this.#pause * (0.75 + chance.random() / 2);
    } catch (error) {
      if (!this.#isTroubled) this.#options.onTrouble(error);
      this.#isTroubled = true;
      throw error;
    }
  }
}
