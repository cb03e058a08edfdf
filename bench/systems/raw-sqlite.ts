import Database from 'libsql';
import type { Mail, System } from '../system.js';
import type { Durability } from '../trial.js';
import { RawLoop } from './raw-loop.js';
import { DELETE_ALL, INSERT, INSERT_ALL, MARK_ALL, POP, SCHEMA } from './raw-sqlite.sql.js';
import { temporaryFile } from '../places/temporary-file.js';

const BATCH = 500;

interface Row {
  readonly id: number;
  readonly payload: string;
}

/** One table, one batch per transaction. */
export class RawSqlite implements System {
  readonly settings: string;
  readonly #durability: Durability;
  readonly #keepsCompleted: boolean;
  readonly #file = temporaryFile('');
  readonly #loop = new RawLoop<Row>({
    next: (done) => this.#next(done),
    mailOf: ({ payload }) => JSON.parse(payload) as Mail,
  });
  #database: Statements | undefined;
  #waiting: { payload: string; resolve: () => void }[] = [];

  constructor(durability: Durability, keepsCompleted: boolean) {
    this.#durability = durability;
    this.#keepsCompleted = keepsCompleted;
    const ends = keepsCompleted ? 'marked' : 'deleted';
    this.settings = `libsql, WAL, synchronous=${durability}, batches of ${BATCH}, completed rows ${ends}`;
  }

  async open() {
    this.#database = prepare(new Database(this.#file.address), this.#durability, this.#keepsCompleted);
  }

  /** Callers of one turn share a transaction. */
  enqueue(mail: Mail) {
    const payload = JSON.stringify(mail);
    return new Promise<void>((resolve) => {
      if (this.#waiting.push({ payload, resolve }) === 1) queueMicrotask(() => this.#flush());
    });
  }

  async enqueueAll(mails: readonly Mail[]) {
    this.#insert(mails.map((mail) => JSON.stringify(mail)));
  }

  async start(concurrency: number, run: (mail: Mail) => Promise<void>) {
    this.#loop.start(concurrency, run);
  }

  async isDrained() {
    return this.#loop.isWaiting;
  }

  async serverCpu() {
    return 0;
  }

  stop() {
    return this.#loop.stop();
  }

  async close() {
    this.#database?.close();
    await this.#file.leave();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#insert(waiting.map(({ payload }) => payload));
    for (const { resolve } of waiting) resolve();
  }

  #insert(payloads: readonly string[]): void {
    const database = this.#opened();
    if (payloads.length === 1) database.insert(payloads[0] ?? '');
    else database.insertAll(payloads);
    this.#loop.wake();
  }

  #next(done: readonly Row[]): readonly Row[] {
    const database = this.#opened();
    database.begin();
    if (done.length > 0) database.end(done.map(({ id }) => id));
    const rows = database.pop();
    database.commit();
    return rows;
  }

  #opened(): Statements {
    if (this.#database === undefined) throw new Error('the raw baseline is not open');
    return this.#database;
  }
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: Database.Database, durability: Durability, keepsCompleted: boolean) {
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; ${SCHEMA}`);
  const [insert, insertAll, pop] = [INSERT, INSERT_ALL, POP].map((sql) => database.prepare(sql));
  const end = database.prepare(keepsCompleted ? MARK_ALL : DELETE_ALL);
  const [begin, commit] = ['BEGIN IMMEDIATE', 'COMMIT'].map((sql) => database.prepare(sql));
  return {
    insert: (payload: string) => void insert?.run(payload),
    insertAll: (payloads: readonly string[]) => void insertAll?.run(JSON.stringify(payloads)),
    begin: () => void begin?.run(),
    end: (ids: readonly number[]) => void end.run(JSON.stringify(ids)),
    pop: () => (pop?.all(Date.now(), BATCH) ?? []) as Row[],
    commit: () => void commit?.run(),
    close: () => void database.close(),
  };
}
