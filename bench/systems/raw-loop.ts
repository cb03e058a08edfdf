import type { Mail } from '../system.js';
import { runBatch } from './run-batch.js';

/** A bare storage: no more than what its loop needs. */
export interface RawBatches<Row> {
  /** Records the ends of the rows before, and takes the next. */
  next(done: readonly Row[]): readonly Row[];
  mailOf(row: Row): Mail;
}

/**
 * The least that runs jobs at least once: takes a batch, runs it `concurrency` at a time, records it with the
 * next take. No retries, no leases, no priorities: the ceiling of the storage, and nothing one could use.
 */
export class RawLoop<Row> {
  readonly #batches: RawBatches<Row>;
  #loop: Promise<void> | undefined;
  #isStopping = false;
  #wake: (() => void) | undefined;

  constructor(batches: RawBatches<Row>) {
    this.#batches = batches;
  }

  /** It waits only once the ends of all that it took are recorded. */
  get isWaiting(): boolean {
    return this.#wake !== undefined;
  }

  start(concurrency: number, run: (mail: Mail) => Promise<void>): void {
    this.#isStopping = false;
    this.#loop = this.#work(concurrency, run);
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.wake();
    await this.#loop;
  }

  async #work(concurrency: number, run: (mail: Mail) => Promise<void>): Promise<void> {
    for (let done: readonly Row[] = []; !this.#isStopping;) {
      const rows = this.#batches.next(done);
      done = rows;
      if (rows.length > 0) await runBatch(rows, concurrency, (row) => run(this.#batches.mailOf(row)));
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
