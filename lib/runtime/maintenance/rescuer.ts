import type { Chance, Clock } from '../../core/clock.js';
import type { Rescued } from '../../storage/claims.js';
import type { Deaths } from '../deaths.js';
import type { Events } from '../events.js';
import { Rounds } from '../rounds.js';
import type { Service } from '../service.js';
import type { StorageLink } from '../storage-link.js';

const BATCH = 100;

export interface RescuerOptions {
  readonly link: StorageLink;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly events: Events;
  /** Milliseconds. */
  readonly lease: number;
  readonly maxStalls: number;
  /** Called when jobs came back to be run. */
  readonly onReady: () => void;
  readonly deaths: Deaths;
}

/**
 * Finds the jobs of runners that died: their leases ran out. Every process sweeps, at moments of its own, so
 * that no job waits for one particular process to come back.
 */
export class Rescuer implements Service {
  readonly #options: RescuerOptions;
  readonly #rounds: Rounds;

  constructor(options: RescuerOptions) {
    this.#options = options;
    const { clock, chance } = options;
    this.#rounds = new Rounds({ clock, chance, first: this.#pause(), round: () => this.#sweep() });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  /** With the usual lease of 30 s: 5 to 15 s. */
  #pause(): number {
    const { lease, chance } = this.#options;
    return lease / 6 + (chance.random() * lease) / 3;
  }

  async #sweep(): Promise<number> {
    const { link, maxStalls, onReady, deaths } = this.#options;
    const rescued = await link.call('rescuer', (storage) => storage.rescue(BATCH, maxStalls));
    if (rescued.some(({ state }) => state === 'ready')) onReady();
    this.#tell(rescued);
    deaths.ofRescue(rescued);
    return rescued.length < BATCH ? this.#pause() : 0;
  }

  #tell(rescued: readonly Rescued[]): void {
    const { events } = this.#options;
    if (!events.hears('rescued')) return;
    for (const job of rescued) events.emit({ kind: 'rescued', ...job });
  }
}
