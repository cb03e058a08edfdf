import { sleep, type Chance, type Clock } from '../../../core/clock.js';
import { isBusy } from './sqlite-errors.js';

/** A transaction blocks the event loop, and other processes, until it is written. */
const MOST_ROWS = 5000;
const BUSY_DEADLINE = 10_000;

/** Does all in one transaction, or throws and has done nothing. */
export type Commit = (operations: readonly (() => unknown)[]) => readonly unknown[];

interface Waiting {
  readonly operation: () => unknown;
  /** About how many rows it writes; asked when its turn has come. */
  readonly rows: () => number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what is asked for in one turn of the event loop, and while another transaction waits for the
 * write lock, shares one transaction and one flush to disk. Everybody is answered after the commit.
 */
export class TransactionQueue {
  readonly #commit: Commit;
  readonly #clock: Clock;
  readonly #chance: Chance;
  #waiting: Waiting[] = [];
  #work: Promise<void> | undefined;

  constructor(commit: Commit, clock: Clock, chance: Chance) {
    this.#commit = commit;
    this.#clock = clock;
    this.#chance = chance;
  }

  run<Result>(operation: () => Result, rows: () => number): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ operation, rows, resolve: resolve as (result: unknown) => void, reject });
      this.#work ??= this.#drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#work) await this.#work;
  }

  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.soon(resolve));
    while (this.#waiting.length > 0) {
      await this.#settle(this.#next());
    }
    this.#work = undefined;
  }

  #next(): readonly Waiting[] {
    let count = 0;
    for (let rows = 0; count < this.#waiting.length && rows < MOST_ROWS; count += 1) {
      rows += this.#waiting[count]?.rows() ?? 0;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }

  async #settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await patiently(
        () => this.#commit(batch.map(({ operation }) => operation)),
        this.#clock,
        this.#chance,
      );
      batch.forEach(({ resolve }, index) => resolve(results[index]));
    } catch (error) {
      const [only, ...others] = batch;
      if (others.length === 0) return only?.reject(error);
      // One of them is to blame: apart, only that one fails.
      for (const one of batch) await this.#settle([one]);
    }
  }
}

/**
 * Repeats a call that meets another writer, without ever blocking the event loop to wait: SQLite's own busy
 * timeout would stop the heartbeats of this process. Gives up after ten seconds.
 */
export async function patiently<Result>(call: () => Result, clock: Clock, chance: Chance): Promise<Result> {
  const deadline = clock.monotonic() + BUSY_DEADLINE;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return call();
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() > deadline) throw error;
      await sleep(clock, Math.min(1 + attempt, 10) * (0.5 + chance.random()));
    }
  }
}
