import { GatheredPushes } from '../../../storage/gathered-pushes.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';

const MOST_JOBS = 2000;

type Push = (jobs: readonly NewJob[]) => Promise<readonly Pushed[]>;

/**
 * While one push is under way, those that come meanwhile gather and go together as the next; a push that finds none
 * under way goes at once.
 */
export class PushGathering {
  readonly #push: Push;
  #open: GatheredPushes | undefined;
  /** The push that goes before the next one, so that jobs arrive in the order of the calls. */
  #before: Promise<void> | undefined;

  constructor(push: Push) {
    this.#push = push;
  }

  push(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    const gathered = this.#open ?? this.#begin();
    const pushed = gathered.add(jobs);
    if (gathered.size >= MOST_JOBS) this.#open = undefined;
    return pushed;
  }

  #begin(): GatheredPushes {
    const gathered = new GatheredPushes();
    this.#open = gathered;
    const done: Promise<void> = this.#send(gathered, this.#before).finally(() => {
      if (this.#before === done) this.#before = undefined;
    });
    this.#before = done;
    return gathered;
  }

  async #send(gathered: GatheredPushes, before: Promise<void> | undefined): Promise<void> {
    // Also without one before: callers of the same turn come along.
    await before;
    if (this.#open === gathered) this.#open = undefined;
    await gathered.answer(() => this.#push(gathered.jobs), this.#push);
  }
}
