import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { StorageClosedError } from '../../core/errors.js';
import type { Lease } from '../../core/job.js';
import type { Capabilities } from '../../storage/capabilities.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../../storage/inspection.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Firing, NewSchedule } from '../../storage/schedules.js';
import { SignalHub, type SignalListener } from '../../storage/signal.js';
import { StorageTime } from '../../storage/storage-time.js';
import { Storage } from '../../storage/storage.js';
import { checkChange, checkPush, checkSupported } from '../../storage/supported.js';
import { checkLent } from './pushing/joining.js';
import { openDatabase } from './connection/open-database.js';
import { runnerTable } from './runner-table.js';
import type { SqliteDatabase } from './connection/sqlite-client.js';
import { SqliteConnection } from './connection/sqlite-connection.js';
import { SqliteContents } from './sqlite-contents.js';
import { checkOptions, type SqliteStorageOptions } from './sqlite-options.js';
import type { Transaction } from './connection/transaction.js';

/**
 * Keeps jobs in a SQLite file, for one process or several on one machine. Not for network file systems: SQLite's
 * locks do not hold there.
 * @publicApi
 */
export class SqliteStorage extends Storage {
  readonly name = 'sqlite';
  readonly capabilities: Capabilities;
  readonly #options: SqliteStorageOptions;
  readonly #time: StorageTime;
  readonly #hub = new SignalHub();
  readonly #contents = new SqliteContents();
  #opening: Promise<void> | undefined;
  #open: { readonly connection: SqliteConnection; readonly database: SqliteDatabase } | undefined;

  constructor(options: SqliteStorageOptions) {
    super();
    checkOptions(options);
    this.#options = options;
    this.capabilities = {
      ...{ durable: true, shared: true, signals: true, transactions: 'database' in options },
      ...{ groups: true, limits: true, expiry: true },
      ...{ order: true, replacing: true, flows: true },
    };
    this.#time = new StorageTime(options.clock ?? systemClock);
  }

  open() {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close() {
    await this.#opening?.catch(() => {});
    const open = this.#open;
    this.#open = undefined;
    this.#opening = undefined;
    await open?.connection.close();
    if ('path' in this.#options) open?.database.close();
  }

  async now() {
    this.#connection();
    return this.#time.now();
  }

  subscribe(listener: SignalListener) {
    const unsubscribe = this.#hub.subscribe(listener);
    this.#open?.connection.watch();
    return () => {
      unsubscribe();
      this.#open?.connection.watch();
    };
  }

  /** `transaction`: the application's own database that this storage was given, with a transaction open on it. */
  async push(jobs: readonly NewJob[], transaction?: SqliteDatabase) {
    checkPush(jobs, this);
    const connection = this.#connection();
    if (transaction !== undefined) {
      return this.#join(transaction, (tx) => this.#contents.pushing.pushAll(tx, jobs));
    }
    // Returned as it is, the promise would cost each of many callers two more turns of the microtask queue.
    return await this.#contents.gathering.push((operation, rows) => connection.write(operation, rows), jobs);
  }

  async pop(request: PopRequest) {
    const { claiming } = this.#contents;
    const nothing = await this.#connection().read((sql) => claiming.peek(sql, request, this.#time.now()));
    return nothing ?? this.#write((tx) => claiming.pop(tx, request));
  }

  async complete(completions: readonly Completion[], next?: PopRequest, transaction?: SqliteDatabase) {
    const { completing, claiming } = this.#contents;
    if (transaction !== undefined) {
      return this.#join(transaction, (tx) => ({ results: completing.completeAll(tx, completions) }));
    }
    return this.#write((tx) => {
      const results = completing.completeAll(tx, completions);
      return next === undefined ? { results } : { results, popped: claiming.pop(tx, next) };
    }, completions.length);
  }

  async release(leases: readonly Lease[]) {
    return this.#write((tx) => leases.map((lease) => this.#contents.settling.release(tx, lease)));
  }

  async heartbeat(beat: Beat) {
    return this.#write((tx) => runnerTable.beat(tx, beat));
  }

  async progress(reports: readonly ProgressReport[]) {
    return this.#write((tx) => runnerTable.progress(tx, reports));
  }

  async rescue(limit: number, maxStalls: number) {
    const { settling } = this.#contents;
    const isNeeded = await this.#connection().read((sql) => settling.hasOverdue(sql, this.#time.now()));
    return isNeeded ? this.#write((tx) => settling.rescue(tx, limit, maxStalls)) : [];
  }

  async leave(runner: string) {
    return this.#write((tx) => runnerTable.leave(tx, runner));
  }

  async info(ids: readonly string[]) {
    return this.#connection().read((sql) => this.#contents.looking.info(sql, ids, this.#time.now()));
  }

  async list(query: JobQuery) {
    return this.#connection().read((sql) => this.#contents.looking.list(sql, query, this.#time.now()));
  }

  async stats() {
    return this.#connection().read((sql) => this.#contents.looking.stats(sql, this.#time.now()));
  }

  override async group(queue: string, group: string) {
    return this.#connection().read((sql) => this.#contents.groups.stats(sql, queue, group, this.#time.now()));
  }

  async runners() {
    return this.#connection().read((sql) => runnerTable.live(sql, this.#time.now()));
  }

  async cancel(ids: readonly string[], reason: string) {
    return this.#write((tx) => ids.map((id) => this.#contents.operating.cancel(tx, id, reason)));
  }

  async retry(ids: readonly string[], options?: RetryOptions) {
    return this.#write((tx) => ids.map((id) => this.#contents.operating.retry(tx, id, options)));
  }

  async remove(ids: readonly string[]) {
    return this.#write((tx) => ids.map((id) => this.#contents.operating.remove(tx, id)));
  }

  async change(ids: readonly string[], change: JobChange) {
    checkChange(change);
    return this.#write((tx) => ids.map((id) => this.#contents.operating.change(tx, id, change)));
  }

  async pause(queue: string, reason: string, group?: string) {
    return this.#write((tx) => this.#contents.operating.pause(tx, queue, reason, group));
  }

  async resume(queue: string, group?: string) {
    return this.#write((tx) => this.#contents.operating.resume(tx, queue, group));
  }

  override async limit(queue: string, limits?: QueueLimits) {
    return this.#write((tx) => this.#contents.operating.limit(tx, queue, limits));
  }

  async prune(limit: number) {
    const { operating } = this.#contents;
    const isNeeded = await this.#connection().read((sql) => operating.hasPrunable(sql, this.#time.now()));
    return isNeeded ? this.#write((tx) => operating.prune(tx, limit)) : 0;
  }

  async putSchedules(schedules: readonly NewSchedule[]) {
    checkSupported(
      schedules.map(({ template }) => template),
      this,
    );
    return this.#write((tx) => schedules.forEach((schedule) => this.#contents.schedules.put(tx, schedule)));
  }

  async schedules(keys?: readonly string[]) {
    return this.#connection().read((sql) => this.#contents.schedules.all(sql, keys));
  }

  async removeSchedules(keys: readonly string[]) {
    return this.#write((tx) => keys.map((key) => this.#contents.schedules.remove(tx, key)));
  }

  async dueSchedules(limit: number) {
    return this.#connection().read((sql) => this.#contents.schedules.due(sql, limit, this.#time.now()));
  }

  async fire(firings: readonly Firing[]) {
    for (const { jobs } of firings) checkSupported(jobs, this);
    return this.#write((tx) => firings.map((firing) => this.#contents.schedules.fire(tx, firing)));
  }

  async #connect(): Promise<void> {
    const options = this.#options;
    const file = 'path' in options ? resolve(options.path) : undefined;
    const database =
      'path' in options ? await openDatabase(resolve(options.path), options.driver) : options.database;
    const connection = new SqliteConnection({
      database,
      file,
      durability: options.durability ?? 'full',
      clock: options.clock ?? systemClock,
      time: this.#time,
      hub: this.#hub,
      onRollback: () => this.#contents.forget(),
    });
    try {
      await connection.prepare();
    } catch (error) {
      if ('path' in options) database.close();
      throw error;
    }
    this.#contents.forget();
    this.#contents.gathering.end();
    this.#open = { connection, database };
  }

  #write<Result>(operation: (tx: Transaction) => Result, rows = 1): Promise<Result> {
    this.#contents.gathering.end();
    return this.#connection().write(operation, () => rows);
  }

  /** At once, since a transaction may end with the turn of the event loop that it began in. */
  #join<Result>(transaction: SqliteDatabase, operation: (tx: Transaction) => Result): Result {
    const connection = this.#connection();
    checkLent('path' in this.#options ? undefined : this.#options.database, transaction);
    return connection.join(operation);
  }

  #connection(): SqliteConnection {
    if (this.#open) return this.#open.connection;
    throw new StorageClosedError('The SQLite storage is not open');
  }
}
