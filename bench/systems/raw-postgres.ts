import pg from 'pg';
import { connectToPostgres, type PostgresSchema } from '../places/postgres-schema.js';
import type { Mail, System } from '../system.js';
import { Gathering } from './gathering.js';
import { rawPostgresSql } from './raw-postgres.sql.js';
import { BATCH, RawPipeline } from './raw-pipeline.js';

interface Row {
  readonly id: string;
  readonly payload: string;
}

export interface RawPostgresOptions {
  readonly schema: PostgresSchema;
  readonly keepsCompleted: boolean;
  /** Other processes hear of new jobs, and this one of theirs. */
  readonly isAnnounced: boolean;
  /** Another process has made the table. */
  readonly isJoining: boolean;
}

/** One table, one connection for each of enqueueing, taking and recording ends, named statements. */
export class RawPostgres implements System {
  settings = '';
  readonly address: string;
  readonly #options: RawPostgresOptions;
  readonly #sql;
  readonly #clients: pg.Client[] = [];
  readonly #gathering = new Gathering((payloads) => this.#insert(payloads));
  readonly #pipeline = new RawPipeline<Row>({
    take: (limit) => this.#take(limit),
    finish: (rows) => this.#query(2, this.#sql.end, [rows.map(({ id }) => id)]),
    mailOf: ({ payload }) => JSON.parse(payload) as Mail,
  });

  constructor(options: RawPostgresOptions) {
    this.#options = options;
    this.#sql = rawPostgresSql(options.schema.address, options.keepsCompleted);
    this.address = options.schema.address;
  }

  async open() {
    const { schema, keepsCompleted, isAnnounced, isJoining } = this.#options;
    const ends = keepsCompleted ? 'marked' : 'deleted';
    this.settings = `${await schema.describe()}, batches of ${BATCH}, completed rows ${ends}`;
    for (let nth = 0; nth < 3; nth++) {
      const client = await connectToPostgres(schema.url);
      // A new table has no statistics, and must not be read from end to end for that.
      await client.query('set enable_seqscan = off; set enable_bitmapscan = off; set jit = off');
      this.#clients.push(client);
    }
    if (!isJoining) await this.#client(0).query(this.#sql.schema);
    if (isAnnounced && !isJoining) await this.#listen();
  }

  enqueue(mail: Mail) {
    return this.#gathering.add(JSON.stringify(mail));
  }

  enqueueAll(mails: readonly Mail[]) {
    return this.#insert(mails.map((mail) => JSON.stringify(mail)));
  }

  async start(concurrency: number, run: (mail: Mail) => Promise<void>) {
    this.#pipeline.start(concurrency, run);
  }

  async isDrained() {
    return this.#pipeline.isIdle;
  }

  serverCpu() {
    return this.#options.schema.serverCpu();
  }

  stop() {
    return this.#pipeline.stop();
  }

  async close() {
    for (const client of this.#clients) await client.end();
    await this.#options.schema.leave();
  }

  async #insert(payloads: readonly string[]): Promise<void> {
    await this.#query(0, this.#sql.insert, [JSON.stringify(payloads)]);
    if (this.#options.isAnnounced) await this.#client(0).query(`notify ${this.address}`);
    this.#pipeline.wake();
  }

  async #take(limit: number): Promise<readonly Row[]> {
    return (await this.#query(1, this.#sql.take, [limit])).rows;
  }

  async #listen(): Promise<void> {
    const client = await connectToPostgres(this.#options.schema.url);
    this.#clients.push(client);
    client.on('notification', () => this.#pipeline.wake());
    await client.query(`listen ${this.address}`);
  }

  #query(nth: number, query: { readonly name: string; readonly text: string }, values: unknown[]) {
    return this.#client(nth).query<Row>({ ...query, values });
  }

  #client(nth: number): pg.Client {
    const client = this.#clients[nth];
    if (client === undefined) throw new Error('the raw baseline is not open');
    return client;
  }
}
