import { StorageUnavailableError } from '../../core/errors.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Pushing } from './pushing.js';
import type { Transaction } from './transaction.js';

const MOST_JOBS = 1000;

type Write = <Result>(operation: (tx: Transaction) => Result) => Promise<Result>;

interface Gathered {
  readonly lists: (readonly NewJob[])[];
  jobs: number;
  readonly results: Promise<readonly (readonly Pushed[])[]>;
}

/**
 * Pushes that were called one after another share statements, as well as their transaction. They do not share
 * failure: each is stored wholly or not at all, whatever becomes of the others.
 */
export class PushGathering {
  readonly #pushing: Pushing;
  #open: Gathered | undefined;

  constructor(pushing: Pushing) {
    this.#pushing = pushing;
  }

  async push(write: Write, jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    const gathered = this.#open ?? this.#begin(write);
    const place = gathered.lists.push(jobs) - 1;
    gathered.jobs += jobs.length;
    if (gathered.jobs >= MOST_JOBS) this.end();
    try {
      return (await gathered.results)[place] ?? [];
    } catch (error) {
      // It may have failed before it began, and would else gather on.
      if (this.#open === gathered) this.end();
      if (gathered.lists.length === 1 || error instanceof StorageUnavailableError) throw error;
      return write((tx) => this.#pushing.pushAll(tx, jobs));
    }
  }

  /** What is pushed from now on comes after whatever else is written next. */
  end(): void {
    this.#open = undefined;
  }

  #begin(write: Write): Gathered {
    const lists: (readonly NewJob[])[] = [];
    const results = write((tx) => {
      if (this.#open?.lists === lists) this.end();
      const pushed = this.#pushing.pushAll(tx, lists.flat());
      let start = 0;
      return lists.map(({ length }) => pushed.slice(start, (start += length)));
    });
    return (this.#open = { lists, jobs: 0, results });
  }
}
