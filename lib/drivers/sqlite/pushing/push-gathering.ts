import { GatheredPushes } from '../../../storage/gathered-pushes.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';
import type { Pushing } from './pushing.js';
import type { Transaction } from '../connection/transaction.js';

const MOST_JOBS = 1000;

type Write = <Result>(operation: (tx: Transaction) => Result, rows: () => number) => Promise<Result>;

/** Pushes that were called one after another share statements, as well as their transaction. */
export class PushGathering {
  readonly #pushing: Pushing;
  #open: GatheredPushes | undefined;

  constructor(pushing: Pushing) {
    this.#pushing = pushing;
  }

  push(write: Write, jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    const gathered = this.#open ?? this.#begin(write);
    const pushed = gathered.add(jobs);
    if (gathered.size >= MOST_JOBS) this.end();
    return pushed;
  }

  /** What is pushed from now on comes after whatever else is written next. */
  end(): void {
    this.#open = undefined;
  }

  #begin(write: Write): GatheredPushes {
    const gathered = new GatheredPushes();
    this.#open = gathered;
    const together = () =>
      write(
        (tx) => {
          this.#close(gathered);
          return this.#pushing.pushAll(tx, gathered.jobs);
        },
        () => gathered.size,
        // It may have failed before it began, and would else gather on.
      ).finally(() => this.#close(gathered));
    const alone = (jobs: readonly NewJob[]) =>
      write(
        (tx) => this.#pushing.pushAll(tx, jobs),
        () => jobs.length,
      );
    void gathered.answer(together, alone);
    return gathered;
  }

  #close(gathered: GatheredPushes): void {
    if (this.#open === gathered) this.end();
  }
}
