import type { Clock, Timer } from '../../../core/clock.js';
import type { Database } from './database.js';

const SHORTEST_PAUSE = 5;
const LONGEST_PAUSE = 250;
/** A transaction that is open for longer has its jobs found by polling. Milliseconds. */
const PATIENCE = 60_000;

const STATUS = `select pg_xact_status($1::xid8) as status`;

/**
 * Learns when the caller's transaction is committed, from outside of it: the wake-up must not come before, and within
 * it a notification would have all commits of the database wait for one another.
 */
export class CommitWatch {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #isClosed = false;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Calls back once it is committed; never when it is rolled back. */
  watch(transaction: string, onCommit: () => Promise<void>): void {
    this.#lookLater(transaction, onCommit, SHORTEST_PAUSE, this.#clock.monotonic() + PATIENCE);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #lookLater(transaction: string, onCommit: () => Promise<void>, pause: number, deadline: number): void {
    if (this.#isClosed || this.#clock.monotonic() > deadline) return;
    const timer = this.#clock.after(pause, () => {
      this.#timers.delete(timer);
      void this.#look(transaction, onCommit, Math.min(LONGEST_PAUSE, pause * 1.5), deadline);
    });
    this.#timers.add(timer);
  }

  async #look(
    transaction: string,
    onCommit: () => Promise<void>,
    pause: number,
    deadline: number,
  ): Promise<void> {
    try {
      const [row] = await this.#database.rows(STATUS, [transaction]);
      if (row?.status === 'committed') return await onCommit();
      if (row?.status !== 'in progress') return;
    } catch {
      // The server cannot be asked at this moment; the next look may.
    }
    this.#lookLater(transaction, onCommit, pause, deadline);
  }
}
