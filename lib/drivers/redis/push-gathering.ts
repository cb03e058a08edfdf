import { systemClock } from '../../core/clock.js';
import { StorageUnavailableError } from '../../core/errors.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Pushing } from './pushing.js';

const MOST_JOBS = 1000;

interface Gathered {
  readonly lists: (readonly NewJob[])[];
  jobs: number;
  readonly results: Promise<readonly (readonly Pushed[])[]>;
}

/**
 * Pushes of one turn of the event loop share a round trip. They do not share failure: each is stored wholly or not at
 * all, whatever becomes of the others.
 */
export class PushGathering {
  readonly #pushing: Pushing;
  #open: Gathered | undefined;
  #send: (() => void) | undefined;

  constructor(pushing: Pushing) {
    this.#pushing = pushing;
  }

  async push(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    const gathered = (this.#open ??= this.#begin());
    const place = gathered.lists.push(jobs) - 1;
    gathered.jobs += jobs.length;
    if (gathered.jobs >= MOST_JOBS) this.end();
    try {
      return (await gathered.results)[place] ?? [];
    } catch (error) {
      if (gathered.lists.length === 1 || error instanceof StorageUnavailableError) throw error;
      return this.#pushing.pushAll(jobs);
    }
  }

  /** What was pushed so far goes out now: whatever is written next comes after it. */
  end(): void {
    const send = this.#send;
    this.#open = undefined;
    this.#send = undefined;
    send?.();
  }

  #begin(): Gathered {
    const lists: (readonly NewJob[])[] = [];
    const results = new Promise<void>((resolve) => {
      this.#send = resolve;
      systemClock.soon(() => {
        if (this.#send === resolve) this.end();
      });
    }).then(() => this.#sendAll(lists));
    return { lists, jobs: 0, results };
  }

  async #sendAll(lists: readonly (readonly NewJob[])[]): Promise<readonly (readonly Pushed[])[]> {
    const [only, ...others] = lists;
    if (only !== undefined && others.length === 0) return [await this.#pushing.pushAll(only)];
    const pushed = await this.#pushing.pushAll(lists.flat());
    let start = 0;
    return lists.map(({ length }) => pushed.slice(start, (start += length)));
  }
}
