import { systemChance, systemClock, type Clock } from '../../core/clock.js';
import { StorageClosedError, StorageFullError, StorageUnavailableError } from '../../core/errors.js';
import { JobOutbox } from '../../storage/job-outbox.js';
import type { NewJob } from '../../storage/new-job.js';
import { Connections } from './connection/connections.js';
import { Database } from './connection/database.js';
import { translate } from './connection/postgres-errors.js';
import { checkOptions, configOf } from './postgres-options.js';
import type { PostgresPool } from './connection/postgres-client.js';
import { arrayOf, inSchema, quoted, type Sql } from './connection/sql.js';
import { joinTransaction, type PostgresTransaction } from './transaction/join-transaction.js';

// The lock is nobody else's: `if not exists` alone does not keep two from creating at once.
const CREATE = (schema: string) => `
  begin;
  select pg_advisory_xact_lock(7206431852102);
  create schema if not exists ${quoted(schema)};
  create table if not exists jobs.outbox (
    seq bigint generated always as identity primary key,
    job text not null,
    at timestamptz not null default clock_timestamp(),
    problem text
  );
  commit`;
const IS_THERE = `select to_regclass($1::text) is not null as there`;
// Text as it came: JSON that was taken apart and put together would not take every text.
const PUT = `
  insert into jobs.outbox (job)
  select value::text from json_array_elements($1::text::json) with ordinality as one (value, place) order by place`;
// What another relay has in hand is passed by; it comes back should that one die.
const TAKE = `
  select seq, job, floor(extract(epoch from clock_timestamp() - at) * 1000)::bigint as age from jobs.outbox
  where problem is null order by seq limit $1::integer for update skip locked`;
const DELETE = `delete from jobs.outbox where seq = any($1::bigint[])`;
const SET_ASIDE = `update jobs.outbox set problem = $2::text where seq = $1::bigint`;

interface CommonOptions {
  /** The schema that the table `outbox` is in. @default 'jobs_outbox' */
  readonly schema?: string;
  readonly clock?: Clock;
}

/**
 * Which database: that of the transactions that jobs are queued in.
 * @publicApi
 */
export type PostgresOutboxOptions = CommonOptions &
  (
    | { readonly connectionString: string }
    /** The application's own pool of `pg`: its settings are used to make a connection of our own. */
    | { readonly pool: PostgresPool }
  );

/**
 * An outbox in a PostgreSQL database, for an `OutboxStorage`. Any number of processes may use it.
 *
 * A job that the storage refuses for good, so that it would be in the way of all others, is set aside: its row stays
 * with the error in the column `problem`, and is tried again when that is set to null.
 * @publicApi
 */
export class PostgresOutbox extends JobOutbox {
  readonly #options: PostgresOutboxOptions;
  readonly #schema: string;
  #opening: Promise<Database> | undefined;
  #database: Database | undefined;

  constructor(options: PostgresOutboxOptions) {
    super();
    checkOptions(options);
    this.#options = options;
    this.#schema = options.schema ?? 'jobs_outbox';
  }

  async open() {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw translate(error);
    });
    this.#database = await this.#opening;
  }

  async close() {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#database = undefined;
    await (await opening?.catch(() => undefined))?.close();
  }

  async put(jobs: readonly NewJob[], transaction: PostgresTransaction) {
    await joinTransaction(transaction).query(inSchema(PUT, this.#schema), [JSON.stringify(jobs)]);
  }

  async move(limit: number, push: (jobs: readonly NewJob[]) => Promise<unknown>) {
    if (this.#database === undefined) throw new StorageClosedError('The outbox is not open');
    return this.#database.transaction(async (sql) => {
      const rows = (await sql.rows(TAKE, [limit])).map((row) => ({
        seq: row.seq as number,
        job: aged(JSON.parse(row.job as string) as NewJob, row.age as number),
      }));
      if (rows.length === 0) return 0;
      const moved = await pushAll(sql, rows, push);
      await sql.rows(DELETE, [arrayOf(moved)]);
      return rows.length;
    });
  }

  async #connect(): Promise<Database> {
    const connections = new Connections(configOf(this.#options));
    const client = await connections.client();
    try {
      const { rows } = await client.query({
        ...{ text: IS_THERE, values: [`${quoted(this.#schema)}.outbox`] },
        types: { getTypeParser: () => (text) => text },
      });
      // Leave to create is needed only where there is none.
      if (rows[0]?.there !== 't') await client.query(inSchema(CREATE(this.#schema), this.#schema));
    } finally {
      await client.end().catch(() => {});
    }
    const clock = this.#options.clock ?? systemClock;
    const pool = await connections.pool(1);
    return new Database({ pool, schema: this.#schema, prepare: false, clock, chance: systemChance });
  }
}

/** The numbers of those that were pushed. */
async function pushAll(
  sql: Sql,
  rows: readonly { readonly seq: number; readonly job: NewJob }[],
  push: (jobs: readonly NewJob[]) => Promise<unknown>,
): Promise<number[]> {
  try {
    await push(rows.map(({ job }) => job));
    return rows.map(({ seq }) => seq);
  } catch (error) {
    if (isPassing(error)) throw error;
  }
  // One of them is to blame: apart, only that one is refused.
  const pushed: number[] = [];
  for (const { seq, job } of rows) {
    try {
      await push([job]);
      pushed.push(seq);
    } catch (error) {
      if (isPassing(error)) throw error;
      await sql.rows(SET_ASIDE, [seq, String(error).replaceAll('\0', '')]);
    }
  }
  return pushed;
}

function isPassing(error: unknown): boolean {
  return [StorageUnavailableError, StorageFullError, StorageClosedError].some(
    (kind) => error instanceof kind,
  );
}

/** A delay counts from when the job was queued, not from when it was moved. */
function aged(job: NewJob, age: number): NewJob {
  return 'at' in job.due ? job : { ...job, due: { in: Math.max(0, job.due.in - age) } };
}
