import type { SqliteDatabase } from '../../../lib/drivers/sqlite/index.js';

/** Passes everything on to another database, and remembers each statement as often as it ran. */
export class RecordedDatabase implements SqliteDatabase {
  readonly #database: SqliteDatabase;
  #ran: string[] = [];

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  exec(sql: string) {
    return this.#database.exec(sql);
  }

  prepare(sql: string): ReturnType<SqliteDatabase['prepare']> {
    const statement = this.#database.prepare(sql);
    return {
      run: (...values) => {
        this.#ran.push(sql);
        return statement.run(...values);
      },
      all: (...values) => {
        this.#ran.push(sql);
        return statement.all(...values);
      },
    };
  }

  close() {
    return this.#database.close();
  }

  /** The statements that ran since this was asked last. */
  take(): readonly string[] {
    const ran = this.#ran;
    this.#ran = [];
    return ran;
  }
}
