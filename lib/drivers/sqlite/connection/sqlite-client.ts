/** What is bound to and read from a statement. */
export type SqlValue = string | number | null;

export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The part of a prepared statement that we call: the same in better-sqlite3, libsql and node:sqlite. */
export interface SqliteStatement {
  run(...values: SqlValue[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  all(...values: SqlValue[]): unknown[];
}

/**
 * The part of an open database that we call. A `Database` of better-sqlite3 or libsql and a `DatabaseSync` of
 * node:sqlite have it.
 * @publicApi
 */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
  /** Whether a transaction is open, as better-sqlite3 and libsql tell it. */
  readonly inTransaction?: boolean;
  /** The same of node:sqlite, in newer versions. */
  readonly isTransaction?: boolean;
}

/** Which library opens the file. @publicApi */
export type SqliteDriver = 'node:sqlite' | 'better-sqlite3' | 'libsql';

/**
 * At most as many as are bound here. Not a bare `?`: newer SQLite (3.51 does) plans a statement anew whenever its
 * limit is bound, which takes ten times as long as finding a job.
 */
export const LIMIT = 'limit ? + 0';

/** Whether a transaction is open on the connection, whoever began it. */
export function isInTransaction(database: SqliteDatabase): boolean {
  const told = database.inTransaction ?? database.isTransaction;
  if (typeof told === 'boolean') return told;
  try {
    database.exec('begin');
  } catch {
    return true;
  }
  database.exec('rollback');
  return false;
}

/** Undoes what happened since a savepoint, and takes that away. */
export function rollBackTo(database: SqliteDatabase, savepoint: string): void {
  try {
    database.exec(`rollback to ${savepoint}; release ${savepoint}`);
  } catch {
    // A full disk or an I/O error has rolled back everything already, and is what has to be told.
  }
}

/** Undoes what a failed transaction did so far. */
export function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('rollback');
  } catch {
    // A full disk or an I/O error has rolled back already, and is what has to be told.
  }
}

/** Statements of one connection, each prepared once. */
export class Statements {
  readonly #database: SqliteDatabase;
  readonly #prepared = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Rows changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Rows inserted, and the rowid of the last. */
  insert(sql: string, ...values: SqlValue[]): { readonly rows: number; readonly last: number } {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...values);
    return { rows: Number(changes), last: Number(lastInsertRowid) };
  }

  all(sql: string, ...values: SqlValue[]): readonly SqlRow[] {
    return this.#prepare(sql).all(...values) as SqlRow[];
  }

  first(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return this.all(sql, ...values)[0];
  }

  /** The rows of a query that puts them all into one JSON text, `json`. */
  json<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return JSON.parse((this.first(sql, ...values)?.json ?? '[]') as string) as Row[];
  }

  /**
   * Lets go of what was prepared: libsql keeps the file open until every statement of the connection is collected, and a
   * timer that is yet to fire may hold us longer than the storage does.
   */
  forget(): void {
    this.#prepared.clear();
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}
