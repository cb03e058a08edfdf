import { StorageClosedError, StorageUnavailableError } from '../../core/errors.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';

const MOST_JOBS = 2000;

type Push = (jobs: readonly NewJob[]) => Promise<readonly Pushed[]>;

interface Gathered {
  readonly lists: (readonly NewJob[])[];
  jobs: number;
  readonly results: Promise<readonly (readonly Pushed[])[]>;
}

/**
 * While one push is under way, those that come meanwhile gather and go together as the next; a push that finds none
 * under way goes at once. They do not share failure: each is stored wholly or not at all, whatever becomes of others.
 */
export class PushGathering {
  readonly #push: Push;
  #open: Gathered | undefined;
  /** The push that goes before the next one, so that jobs arrive in the order of the calls. */
  #before: Promise<unknown> | undefined;

  constructor(push: Push) {
    this.#push = push;
  }

  async push(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    const gathered = this.#open ?? this.#begin();
    const place = gathered.lists.push(jobs) - 1;
    gathered.jobs += jobs.length;
    if (gathered.jobs >= MOST_JOBS) this.#open = undefined;
    try {
      return (await gathered.results)[place] ?? [];
    } catch (error) {
      const isOfAll = error instanceof StorageUnavailableError || error instanceof StorageClosedError;
      if (gathered.lists.length === 1 || isOfAll) throw error;
      // One of them is to blame: apart, only that one fails.
      return this.#push(jobs);
    }
  }

  #begin(): Gathered {
    const lists: (readonly NewJob[])[] = [];
    const results = this.#send(lists, this.#before);
    const done: Promise<unknown> = results
      .catch(() => {})
      .finally(() => {
        if (this.#before === done) this.#before = undefined;
      });
    this.#before = done;
    return (this.#open = { lists, jobs: 0, results });
  }

  async #send(
    lists: (readonly NewJob[])[],
    before: Promise<unknown> | undefined,
  ): Promise<(readonly Pushed[])[]> {
    // Also without one before: callers of the same turn come along.
    await before;
    if (this.#open?.lists === lists) this.#open = undefined;
    const pushed = await this.#push(lists.flat());
    let start = 0;
    return lists.map(({ length }) => pushed.slice(start, (start += length)));
  }
}
