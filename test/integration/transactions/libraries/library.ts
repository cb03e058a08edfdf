/** One library that applications begin transactions with, as the tests of joining them use it. */
export interface Library {
  readonly name: string;
  connect(url: string): Promise<Connection>;
}

/** A connection of the library's, or a pool of them. */
export interface Connection {
  /** Begins, does the work and commits; rolls back as the library does it when the work throws. */
  transaction(work: (held: unknown) => Promise<void>): Promise<void>;
  /** Within a transaction: a savepoint, released after the work, or rolled back to when the work throws. */
  nested(held: unknown, work: (held: unknown) => Promise<void>): Promise<void>;
  /** The application's own statement, in the transaction that is held. */
  run(held: unknown, sql: string): Promise<unknown>;
  /** What an application holds of the library while no transaction is open, by its name there. */
  readonly outside: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}
