import { StorageClosedError, StorageUnavailableError } from '../core/errors.js';
import type { NewJob, Pushed } from './new-job.js';

interface Caller {
  readonly jobs: readonly NewJob[];
  readonly resolve: (pushed: readonly Pushed[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Pushes that a storage writes as one. They do not share failure: each is stored wholly or not at all, whatever
 * becomes of the others.
 */
export class GatheredPushes {
  readonly #callers: Caller[] = [];
  readonly #jobs: NewJob[] = [];

  /** How many jobs. */
  get size(): number {
    return this.#jobs.length;
  }

  /** All jobs, in the order of the calls. */
  get jobs(): readonly NewJob[] {
    return this.#jobs;
  }

  add(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    for (const job of jobs) this.#jobs.push(job);
    return new Promise((resolve, reject) => this.#callers.push({ jobs, resolve, reject }));
  }

  /** Answers every call, and never throws itself. `together` stores them all, `alone` the jobs of one. */
  async answer(
    together: () => Promise<readonly Pushed[]>,
    alone: (jobs: readonly NewJob[]) => Promise<readonly Pushed[]>,
  ): Promise<void> {
    try {
      const pushed = await together();
      let start = 0;
      for (const { jobs, resolve } of this.#callers) resolve(pushed.slice(start, (start += jobs.length)));
    } catch (error) {
      const isOfAll = error instanceof StorageUnavailableError || error instanceof StorageClosedError;
      for (const { jobs, resolve, reject } of this.#callers) {
        if (isOfAll || this.#callers.length === 1) reject(error);
        // One of them is to blame: apart, only that one fails.
        else alone(jobs).then(resolve, reject);
      }
    }
  }
}
