import type { SqlRow } from './sql.js';

/** A statement as the client of `pg` takes it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly name?: string;
  readonly types: { readonly getTypeParser: (oid: number) => (text: string) => unknown };
}

/** The part of a connected client of `pg` that we call. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ readonly rows: SqlRow[] }>;
  query(text: string): Promise<unknown>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  end(): Promise<void>;
}

/** A client on loan from a pool of ours. */
export interface LentClient extends PostgresClient {
  /** With an error the client is closed rather than lent again. */
  release(error?: Error | boolean): void;
}

/** The part of a pool of `pg` that we call. */
export interface ClientPool {
  connect(): Promise<LentClient>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * The application's own `Pool` of `pg`. Its settings are what is used of it, never its connections: handlers that
 * hold all of them could else keep the runner from extending its leases.
 * @publicApi
 */
export interface PostgresPool {
  /** What the pool was made with: host, user, password, TLS and so on. */
  readonly options: object;
  connect(): Promise<unknown>;
}
