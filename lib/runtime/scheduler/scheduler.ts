import type { Chance, Clock } from '../../core/clock.js';
import { hasEnded } from '../../core/lifecycle.js';
import type { DueSchedules, Firing, Schedule } from '../../storage/schedules.js';
import type { Events } from '../events.js';
import { Rounds } from '../rounds.js';
import type { Service } from '../service.js';
import type { StorageLink } from '../storage-link.js';
import { firingOf, putOff } from './firing.js';

const BATCH = 100;
const LONGEST_SLEEP = 60_000;
/** Spreads the processes a little, so that mostly one fires and the others find it done. Milliseconds. */
const JITTER = 20;

export interface SchedulerOptions {
  readonly link: StorageLink;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly events: Events;
  readonly createId: () => string;
}

/** Turns ticks that have come into jobs. Every process tries; the storage lets one of them take each step. */
export class Scheduler implements Service {
  readonly #options: SchedulerOptions;
  readonly #rounds: Rounds;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { clock, chance } = options;
    this.#rounds = new Rounds({ clock, chance, first: 0, round: () => this.#round() });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  /** Schedules may have changed. */
  wake(): void {
    this.#rounds.wake();
  }

  async #round(): Promise<number> {
    const { link, chance } = this.#options;
    const answer = await link.call('scheduler', (storage) => storage.dueSchedules(BATCH));
    const firings = await this.#firings(answer);
    if (firings.length > 0) await link.call('scheduler', (storage) => storage.fire(firings));
    if (answer.due.length === BATCH && firings.length > 0) return 0;
    return this.#sleepFor(answer, firings) + chance.random() * JITTER;
  }

  #sleepFor(answer: DueSchedules, firings: readonly Firing[]): number {
    let sleep = Math.min(answer.nextIn ?? LONGEST_SLEEP, LONGEST_SLEEP);
    for (const { nextAt } of firings) sleep = Math.min(sleep, nextAt - answer.now);
    return Math.max(sleep, 0);
  }

  async #firings({ due, now }: DueSchedules): Promise<readonly Firing[]> {
    const unfinished = await this.#unfinished(due);
    const { createId, events } = this.#options;
    const firings: Firing[] = [];
    for (const schedule of due) {
      try {
        firings.push(firingOf(schedule, now, unfinished.has(schedule.key), createId));
      } catch (error) {
        // Left where it is, it would come first again and again, and keep the others from their ticks.
        firings.push(putOff(schedule, now));
        events.emit({ kind: 'schedule-failed', key: schedule.key, error });
      }
    }
    return firings;
  }

  /** Keys of the schedules whose overlap is `skip` and whose last job has not ended. */
  async #unfinished(due: readonly Schedule[]): Promise<ReadonlySet<string>> {
    const careful = due.flatMap(({ key, overlap, lastJob }) =>
      overlap === 'skip' && lastJob !== undefined ? [{ key, lastJob }] : [],
    );
    if (careful.length === 0) return new Set();
    const ids = careful.map(({ lastJob }) => lastJob);
    const records = await this.#options.link.call('scheduler', (storage) => storage.info(ids));
    const isUnfinished = (index: number) => {
      const record = records[index];
      return record !== undefined && !hasEnded(record.state);
    };
    return new Set(careful.filter((_, index) => isUnfinished(index)).map(({ key }) => key));
  }
}
