import { systemClock } from '../../../core/clock.js';
import { GatheredPushes } from '../../../storage/gathered-pushes.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';
import type { Pushing } from './pushing.js';

const MOST_JOBS = 1000;

/** Pushes of one turn of the event loop share a round trip. */
export class PushGathering {
  readonly #pushing: Pushing;
  #open: GatheredPushes | undefined;

  constructor(pushing: Pushing) {
    this.#pushing = pushing;
  }

  push(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    const gathered = this.#open ?? this.#begin();
    const pushed = gathered.add(jobs);
    if (gathered.size >= MOST_JOBS) this.end();
    return pushed;
  }

  /** What was pushed so far goes out now: whatever is written next comes after it. */
  end(): void {
    const gathered = this.#open;
    this.#open = undefined;
    const pushAll = (jobs: readonly NewJob[]) => this.#pushing.pushAll(jobs);
    if (gathered !== undefined) void gathered.answer(() => pushAll(gathered.jobs), pushAll);
  }

  #begin(): GatheredPushes {
    const gathered = new GatheredPushes();
    systemClock.soon(() => {
      if (this.#open === gathered) this.end();
    });
    return (this.#open = gathered);
  }
}
