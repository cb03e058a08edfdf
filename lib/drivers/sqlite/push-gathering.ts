import { StorageUnavailableError } from '../../core/errors.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Pushing } from './pushing.js';
import type { Transaction } from './transaction.js';

const MOST_JOBS = 1000;

type Write = <Result>(operation: (tx: Transaction) => Result, rows: () => number) => Promise<Result>;

interface Push {
  readonly jobs: readonly NewJob[];
  readonly resolve: (pushed: readonly Pushed[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Gathered {
  readonly pushes: Push[];
  jobs: number;
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

  push(write: Write, jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    return new Promise((resolve, reject) => {
      const gathered = this.#open ?? this.#begin(write);
      gathered.pushes.push({ jobs, resolve, reject });
      gathered.jobs += jobs.length;
      if (gathered.jobs >= MOST_JOBS) this.end();
    });
  }

  /** What is pushed from now on comes after whatever else is written next. */
  end(): void {
    this.#open = undefined;
  }

  #begin(write: Write): Gathered {
    const gathered: Gathered = { pushes: [], jobs: 0 };
    this.#open = gathered;
    void this.#store(write, gathered);
    return gathered;
  }

  async #store(write: Write, gathered: Gathered): Promise<void> {
    const { pushes } = gathered;
    try {
      const pushed = await write(
        (tx) => {
          this.#close(gathered);
          return this.#pushing.pushAll(
            tx,
            pushes.flatMap(({ jobs }) => jobs),
          );
        },
        () => gathered.jobs,
      );
      let start = 0;
      for (const { jobs, resolve } of pushes) resolve(pushed.slice(start, (start += jobs.length)));
    } catch (error) {
      // It may have failed before it began, and would else gather on.
      this.#close(gathered);
      const isNobodys = pushes.length === 1 || error instanceof StorageUnavailableError;
      for (const { jobs, resolve, reject } of pushes) {
        if (isNobodys) reject(error);
        else {
          write(
            (tx) => this.#pushing.pushAll(tx, jobs),
            () => jobs.length,
          ).then(resolve, reject);
        }
      }
    }
  }

  #close(gathered: Gathered): void {
    if (this.#open === gathered) this.end();
  }
}
