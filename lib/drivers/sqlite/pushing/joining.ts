import type { Clock } from '../../../core/clock.js';
import { InvalidTransactionError, UnsupportedError } from '../../../core/errors.js';
import type { SignalHub } from '../../../storage/signal.js';
import {
  isInTransaction,
  rollBackTo,
  type SqliteDatabase,
  type Statements,
} from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

const SAVEPOINT = 'jobs_joined';
const LONGEST_PAUSE = 50;

/**
 * Writes in transactions that the application opened on the database it lent. Nobody tells us how one ends, so that
 * is looked for, and until then what was learned within it is not believed.
 */
export class Joining {
  readonly #database: SqliteDatabase;
  readonly #sql: Statements;
  readonly #clock: Clock;
  readonly #hub: SignalHub;
  readonly #onDoubt: () => void;
  /** Written within the transaction that is open, or was when we last looked. */
  #joined: Transaction[] = [];
  #isWatching = false;
  #isStopped = false;

  /** `onDoubt` is called when a transaction has ended that may have been rolled back. */
  constructor(database: SqliteDatabase, sql: Statements, clock: Clock, hub: SignalHub, onDoubt: () => void) {
    this.#database = database;
    this.#sql = sql;
    this.#clock = clock;
    this.#hub = hub;
    this.#onDoubt = onDoubt;
  }

  /** Wholly or not at all, so that an application which goes on after an error commits no half of it. */
  write<Result>(tx: Transaction, operation: (tx: Transaction) => Result): Result {
    if (!isInTransaction(this.#database)) {
      throw new InvalidTransactionError(
        'transaction: this SQLite database has no transaction open, and what is written would be committed by itself. ' +
          'Pass it after begin and before commit',
      );
    }
    // An earlier transaction may have been rolled back unseen.
    if (this.#joined.length > 0) this.#onDoubt();
    this.#joined.push(tx);
    this.#sql.run(`savepoint ${SAVEPOINT}`);
    try {
      const result = operation(tx);
      tx.finish();
      this.#sql.run(`release ${SAVEPOINT}`);
      this.#watch();
      return result;
    } catch (error) {
      rollBackTo(this.#database, SAVEPOINT);
      this.#onDoubt();
      throw error;
    }
  }

  /** To be called before anything is read or written apart from the application's transaction. */
  settle(): void {
    if (this.#joined.length > 0 && !isInTransaction(this.#database)) this.#over();
  }

  stop(): void {
    this.#isStopped = true;
  }

  // One that was rolled back is announced as well: whoever listens looks and finds nothing.
  #over(): void {
    this.#onDoubt();
    for (const tx of this.#joined.splice(0)) tx.announce(this.#hub);
  }

  // A transaction of better-sqlite3's own ends with the turn that it began in; others take a while.
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#clock.soon(() => this.#look(1));
  }

  #look(pause: number): void {
    if (this.#isStopped) return;
    this.settle();
    this.#isWatching = this.#joined.length > 0;
    if (!this.#isWatching) return;
    this.#clock.after(pause, () => this.#look(Math.min(pause * 2, LONGEST_PAUSE)));
  }
}

/** Refuses what is not the database that the application lent; `lent` is undefined where it lent none. */
export function checkLent(lent: SqliteDatabase | undefined, transaction: SqliteDatabase): void {
  if (lent === undefined) {
    throw new UnsupportedError(
      "transaction: a SQLite storage that opened its own file has no transactions of the application's to join. Give " +
        'it { database }, the database that the application has open',
    );
  }
  if (transaction === lent) return;
  throw new InvalidTransactionError(
    'transaction: this is not the database that the SQLite storage was given. Pass that same object, after begin',
  );
}
