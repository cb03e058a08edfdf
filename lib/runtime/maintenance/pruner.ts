import type { Chance, Clock } from '../../core/clock.js';
import { Rounds } from '../rounds.js';
import type { Service } from '../service.js';
import type { StorageLink } from '../storage-link.js';

const BATCH = 500;
const PAUSE = 30_000;
const SHORTEST_BREATH = 5;

export interface PrunerOptions {
  readonly link: StorageLink;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** Removes ended records whose time is over, in small batches with breaks, so that nobody waits behind it. */
export class Pruner implements Service {
  readonly #options: PrunerOptions;
  readonly #rounds: Rounds;

  constructor(options: PrunerOptions) {
    this.#options = options;
    const { clock, chance } = options;
    this.#rounds = new Rounds({ clock, chance, first: this.#pause(), round: () => this.#prune() });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  #pause(): number {
    return PAUSE * (0.8 + 0.4 * this.#options.chance.random());
  }

  async #prune(): Promise<number> {
    const { link, clock } = this.#options;
    const begun = clock.monotonic();
    const removed = await link.call('pruner', (storage) => storage.prune(BATCH));
    if (removed < BATCH) return this.#pause();
    // As long a break as the work took: half of the storage's time stays with those who run jobs.
    return Math.max(SHORTEST_BREATH, clock.monotonic() - begun);
  }
}
