import { sleep, type Chance, type Clock } from '../../../core/clock.js';
import type { ClientPool, LentClient, PostgresClient, PostgresQuery } from './postgres-client.js';
import { breaksConnection, isCollision, translate } from './postgres-errors.js';
import { inSchema, type Sql, type SqlRow, type SqlValue } from './sql.js';

const COLLISIONS = 5;
const LONGEST_PAUSE = 50;

// For the planner of our connections: statistics that are old must never make it read the whole table.
const SETTINGS = [
  ...['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'].map(
    (setting) => `set ${setting} = off`,
  ),
  `set default_transaction_isolation = 'read committed'`,
  `set statement_timeout = 8000`,
  `set idle_in_transaction_session_timeout = 9000`,
].join('; ');

export interface DatabaseOptions {
  readonly pool: ClientPool;
  readonly schema: string;
  /** Statements are named and connections are set up for them; false behind a pooler that shares connections. */
  readonly prepare: boolean;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** A few connections of ours, and the statements that run on them. */
export class Database implements Sql {
  readonly #options: DatabaseOptions;
  readonly #queries: QueryTexts;
  readonly #lent = new Set<PostgresClient>();
  readonly #ready = new WeakSet<PostgresClient>();

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#queries = new QueryTexts(options.schema, options.prepare);
    // An idle client that loses its connection tells nobody but the pool, which then forgets it.
    options.pool.on('error', () => {});
  }

  rows(text: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    return this.#patiently((client) => this.#send(client, text, values));
  }

  /** All of it or nothing. It may be called again, after a collision with another transaction. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.transactionAfter(undefined, work);
  }

  /** The same, after a statement without parameters that goes along with the begin; its rows are handed to the work. */
  transactionAfter<Result>(
    opening: string | undefined,
    work: (sql: Sql, opened: readonly SqlRow[]) => Promise<Result>,
  ): Promise<Result> {
    return this.#patiently(async (client) => {
      try {
        const opened = await this.#begin(client, opening);
        const sql: Sql = { rows: (text, values = []) => this.#send(client, text, values) };
        const result = await work(sql, opened);
        await client.query('commit');
        return result;
      } catch (error) {
        if (!breaksConnection(error)) await client.query('rollback');
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#options.pool.end();
  }

  /** Ends what `close` still waits for. */
  abandon(): void {
    for (const client of this.#lent) void client.end().catch(() => {});
  }

  async #patiently<Result>(work: (client: LentClient) => Promise<Result>): Promise<Result> {
    const { clock, chance } = this.#options;
    for (let collision = 1; ; collision += 1) {
      try {
        return await this.#withClient(work);
      } catch (error) {
        if (!isCollision(error) || collision > COLLISIONS) throw translate(error);
        await sleep(clock, chance.random() * Math.min(LONGEST_PAUSE, 2 ** collision));
      }
    }
  }

  async #withClient<Result>(work: (client: LentClient) => Promise<Result>): Promise<Result> {
    const client = await this.#options.pool.connect();
    this.#lent.add(client);
    let broken: Error | boolean = false;
    try {
      await this.#prepare(client);
      return await work(client);
    } catch (error) {
      // An error of the server leaves the connection as good as it was; a timeout of ours leaves it waiting.
      broken = breaksConnection(error);
      throw error;
    } finally {
      this.#lent.delete(client);
      client.release(broken);
    }
  }

  async #prepare(client: LentClient): Promise<void> {
    if (this.#ready.has(client)) return;
    // While it is lent, an error reaches the statement under way; without a listener it would end the process.
    client.on('error', () => {});
    if (this.#options.prepare) await client.query(SETTINGS);
    this.#ready.add(client);
  }

  async #begin(client: PostgresClient, opening: string | undefined): Promise<readonly SqlRow[]> {
    const text = opening === undefined ? 'begin' : `begin; ${inSchema(opening, this.#options.schema)}`;
    const results: unknown = await client.query({ text, values: [], types: TYPES });
    // Of several statements there are several results.
    return Array.isArray(results) ? ((results as { rows: SqlRow[] }[])[1]?.rows ?? []) : [];
  }

  async #send(client: PostgresClient, text: string, values: readonly SqlValue[]): Promise<SqlRow[]> {
    const { rows } = await client.query(this.#queries.of(text, values));
    return rows;
  }
}

/** Puts the schema into statements and names them: once for each text. */
export class QueryTexts {
  readonly #schema: string;
  readonly #isNamed: boolean;
  readonly #known = new Map<string, { readonly text: string; readonly name?: string }>();

  constructor(schema: string, isNamed: boolean) {
    this.#schema = schema;
    this.#isNamed = isNamed;
  }

  of(text: string, values: readonly SqlValue[]): PostgresQuery {
    let known = this.#known.get(text);
    if (known === undefined) {
      const name = this.#isNamed ? { name: `jobs_${this.#known.size}` } : {};
      known = { text: inSchema(text, this.#schema), ...name };
      this.#known.set(text, known);
    }
    return { ...known, values: [...values], types: TYPES };
  }
}

// Our own: the application may have told `pg` to read numbers in another way.
const asText = (text: string) => text;
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  20: Number,
  21: Number,
  23: Number,
};
const TYPES = { getTypeParser: (oid: number) => PARSERS[oid] ?? asText };
