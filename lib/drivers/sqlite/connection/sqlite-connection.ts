import { sleep, systemChance, type Clock } from '../../../core/clock.js';
import type { SignalHub } from '../../../storage/signal.js';
import type { StorageTime } from '../../../storage/storage-time.js';
import { FileWatch } from '../signals/file-watch.js';
import { Joining } from '../pushing/joining.js';
import { migrate } from '../schema/migrate.js';
import { rollBack, Statements, type SqliteDatabase } from './sqlite-client.js';
import { translate } from './sqlite-errors.js';
import { Transaction } from './transaction.js';
import { patiently, TransactionQueue } from './transaction-queue.js';

const CLOSE_WITHIN = 2000;
const BE_IMPATIENT = 'pragma busy_timeout = 5';

export interface ConnectionOptions {
  readonly database: SqliteDatabase;
  /** What messages call the file; absent where the application opened the database. */
  readonly file: string | undefined;
  readonly durability: 'full' | 'normal';
  readonly clock: Clock;
  readonly time: StorageTime;
  readonly hub: SignalHub;
  /** Called after a rollback: what was learned in the transaction is not so. */
  readonly onRollback: () => void;
}

/** One open database: how it is written to, read from and listened to. */
export class SqliteConnection {
  readonly #options: ConnectionOptions;
  readonly #sql: Statements;
  readonly #queue: TransactionQueue;
  readonly #name: string;
  readonly #joining: Joining;
  #watch: FileWatch | undefined;
  /** The transaction that is being written at this moment. */
  #current: Transaction | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#name = options.file ?? 'the database';
    this.#sql = new Statements(options.database);
    const { database, clock, hub, onRollback } = options;
    this.#joining = new Joining(database, this.#sql, clock, hub, onRollback);
    this.#queue = new TransactionQueue((operations) => this.#commit(operations), options.clock, systemChance);
  }

  async prepare(): Promise<void> {
    const { database, durability, clock, hub } = this.#options;
    if (this.#options.file !== undefined) database.exec(BE_IMPATIENT);
    await this.#patiently(() =>
      this.#impatiently(() => {
        database.exec('pragma journal_mode = wal');
        // On every open: the default depends on how the library was compiled and on what opened the file before.
        database.exec(`pragma synchronous = ${durability}`);
        database.exec('pragma temp_store = memory');
        migrate(database, this.#name);
      }),
    );
    const file = this.#options.file ?? this.#fileOfDatabase();
    if (file === undefined) return;
    this.#watch = new FileWatch(file, hub, clock, this.#sql);
    this.watch();
  }

  /** Watches the file exactly while somebody listens: a process that only enqueues would pay for each of its writes. */
  watch(): void {
    if (this.#options.hub.isHeard) this.#watch?.start();
    else this.#watch?.stop();
  }

  /** Within a transaction that others share; resolves once it is committed. */
  async write<Result>(operation: (tx: Transaction) => Result, rows: () => number): Promise<Result> {
    try {
      return await this.#queue.run(() => operation(this.#transaction()), rows);
    } catch (error) {
      throw translate(error, this.#name);
    }
  }

  /** Within the transaction that the application has open on its database, and at once. */
  join<Result>(operation: (tx: Transaction) => Result): Result {
    try {
      return this.#joining.write(new Transaction(this.#sql, this.#options.time.now()), operation);
    } catch (error) {
      throw translate(error, this.#name);
    }
  }

  /** Sees what is committed, whoever writes meanwhile. */
  read<Result>(look: (sql: Statements) => Result): Promise<Result> {
    return this.#patiently(() => {
      this.#joining.settle();
      return look(this.#sql);
    });
  }

  async close(): Promise<void> {
    const done = new AbortController();
    const late = sleep(this.#options.clock, CLOSE_WITHIN, done.signal);
    await Promise.race([this.#queue.idle(), late]);
    // A timer left behind would keep the process alive after all is closed.
    done.abort();
    this.#watch?.stop();
    this.#joining.stop();
    this.#sql.forget();
  }

  /** None where the database is in memory. */
  #fileOfDatabase(): string | undefined {
    const main = this.#sql.all('pragma database_list').find(({ name }) => name === 'main');
    return typeof main?.file === 'string' && main.file !== '' ? main.file : undefined;
  }

  #transaction(): Transaction {
    return (this.#current ??= new Transaction(this.#sql, this.#options.time.now()));
  }

  // Immediate: a transaction that began by reading could not become a writer once somebody else has written.
  #commit(operations: readonly (() => unknown)[]): readonly unknown[] {
    this.#joining.settle();
    this.#impatiently(() => this.#sql.run('begin immediate'));
    try {
      const tx = this.#transaction();
      const results = operations.map((operation) => operation());
      tx.finish();
      this.#sql.run('commit');
      this.#current = undefined;
      tx.announce(this.#options.hub);
      return results;
    } catch (error) {
      this.#current = undefined;
      this.#options.onRollback();
      rollBack(this.#options.database);
      throw error;
    }
  }

  /**
   * SQLite's own wait for a rival blocks the event loop: five milliseconds, and longer waits are ours. The
   * application may want another for its own statements on a database it lent.
   */
  #impatiently(call: () => unknown): void {
    const { database, file } = this.#options;
    if (file !== undefined) return void call();
    const before = this.#sql.first('pragma busy_timeout')?.timeout as number;
    database.exec(BE_IMPATIENT);
    try {
      call();
    } finally {
      database.exec(`pragma busy_timeout = ${before}`);
    }
  }

  async #patiently<Result>(call: () => Result): Promise<Result> {
    try {
      return await patiently(call, this.#options.clock, systemChance);
    } catch (error) {
      throw translate(error, this.#name);
    }
  }
}
