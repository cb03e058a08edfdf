import type { Mail } from '../system.js';
import { runBatch } from './run-batch.js';

/** A bare storage behind a connection: no more than what its loop needs. */
export interface RawStorage<Row> {
  /** Hands out up to `limit` jobs, to nobody else from then on. */
  take(limit: number): Promise<readonly Row[]>;
  /** Records that they ended, in the order they were taken. */
  finish(rows: readonly Row[]): Promise<unknown>;
  mailOf(row: Row): Mail;
}

/** Jobs per take. */
export const BATCH = 500;

/**
 * The least that runs jobs at least once on a server: while a batch runs, the next is on its way and the ends of the
 * one before are being recorded. No retries, no leases, no priorities: the ceiling of the storage, and nothing one could use.
 */
export class RawPipeline<Row> {
  readonly #storage: RawStorage<Row>;
  #loop: Promise<void> | undefined;
  #finishing: Promise<unknown> | undefined;
  #isStopping = false;
  #news = 0;
  #wake: (() => void) | undefined;

  constructor(storage: RawStorage<Row>) {
    this.#storage = storage;
  }

  /** It waits for news, and the ends of all that it took are recorded. */
  get isIdle(): boolean {
    return this.#wake !== undefined && this.#finishing === undefined;
  }

  start(concurrency: number, run: (mail: Mail) => Promise<void>): void {
    this.#isStopping = false;
    this.#loop = this.#work(concurrency, run);
  }

  wake(): void {
    this.#news += 1;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.wake();
    await this.#loop;
    await this.#finishing;
  }

  async #work(concurrency: number, run: (mail: Mail) => Promise<void>): Promise<void> {
    let known = this.#news;
    let next = this.#storage.take(BATCH);
    while (!this.#isStopping) {
      const rows = await next;
      if (rows.length === 0 && known === this.#news) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      known = this.#news;
      // A batch that is not full was the last of what there was: to ask again at once would be for nothing.
      const isFull = rows.length === BATCH;
      if (isFull) next = this.#storage.take(BATCH);
      if (rows.length > 0) {
        await runBatch(rows, concurrency, (row) => run(this.#storage.mailOf(row)));
        await this.#finishing;
        this.#finish(rows);
      }
      if (!isFull) next = this.#storage.take(BATCH);
    }
    await next;
  }

  #finish(rows: readonly Row[]): void {
    const finishing = this.#storage.finish(rows).then(() => {
      if (this.#finishing === finishing) this.#finishing = undefined;
    });
    this.#finishing = finishing;
  }
}
