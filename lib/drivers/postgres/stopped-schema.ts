import { InvalidOptionError } from '../../core/errors.js';
import { Connections } from './connection/connections.js';
import { migrate } from './schema/migrate.js';
import type { PostgresClient } from './connection/postgres-client.js';
import { translate } from './connection/postgres-errors.js';
import { checkOptions, configOf, type PostgresStorageOptions } from './postgres-options.js';
import { inSchema, literal, quoted, type SqlRow } from './connection/sql.js';

/** What a test may find of the one before: it is nobody's data, and processes remember it. */
const LASTING = ['schema_version', 'policy', 'stopped_clock'];
/** To make a schema takes longer than most statements. Milliseconds. */
const MADE_WITHIN = 60_000;

const STOP = `
  create unlogged table jobs.stopped_clock (now bigint not null);
  insert into jobs.stopped_clock values (0);
  create or replace function jobs.clock_1() returns bigint language sql volatile as
    $$ select now from jobs.stopped_clock $$`;

/**
 * A schema for tests: its time stands still until it is moved. `JobsTesting` with `storage: 'application'`, or with a
 * storage on it, moves it by `onTime: schema.moveTo`. Nothing in it outlives the next `open` of the same schema, and a
 * schema that holds jobs and was not made here is refused, so that production's clock cannot be stopped by mistake.
 * @publicApi
 */
export class StoppedSchema {
  readonly #client: PostgresClient;
  /** Its name. */
  readonly name: string;

  private constructor(client: PostgresClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /**
   * Makes the schema, or empties it where it was made so before, and stops its time at `now` (2030-01-01T00:00Z, as in
   * `JobsTesting`). To be called before a storage opens it. Throws `InvalidOptionError` when it has jobs that are not a
   * test's, and what `open` of a storage throws.
   */
  static async open(
    options: PostgresStorageOptions,
    now: Date | string = '2030-01-01T00:00:00Z',
  ): Promise<StoppedSchema> {
    checkOptions(options);
    const time = new Date(now);
    if (Number.isNaN(time.getTime()))
      throw new InvalidOptionError(`StoppedSchema: now ${JSON.stringify(now)} is no time`);
    const { schema: name = 'jobs' } = options;
    try {
      const client = await new Connections(configOf(options)).client(MADE_WITHIN);
      const schema = new StoppedSchema(client, name);
      try {
        await migrate(client, name);
        await schema.#stop();
        await schema.moveTo(time);
        return schema;
      } catch (error) {
        await schema.close();
        throw error;
      }
    } catch (error) {
      throw translate(error);
    }
  }

  /** Sets the time. Bound, so that it can be passed on as it is. */
  readonly moveTo = async (now: Date): Promise<void> => {
    await this.#run(`update jobs.stopped_clock set now = ${now.getTime()}`);
  };

  /** Deletes all that it holds, for the next test. Storages on it must be closed. */
  async clear(): Promise<void> {
    const data = (await this.#tables()).filter((table) => !LASTING.includes(table));
    await this.#run(data.map((table) => `delete from jobs.${quoted(table)}`).join('; '));
  }

  /** Drops the schema and closes the connection. Storages on it must be closed. */
  async remove(): Promise<void> {
    await this.#client.query(`drop schema if exists ${quoted(this.name)} cascade`);
    await this.close();
  }

  /** Closes the connection. The schema stays, to be emptied by the next `open`. */
  async close(): Promise<void> {
    await this.#client.end();
  }

  async #stop(): Promise<void> {
    const tables = await this.#tables();
    if (tables.includes('stopped_clock')) return this.clear();
    for (const table of tables.filter((each) => !LASTING.includes(each))) {
      const rows = await this.#rows(inSchema(`select 1 from jobs.${quoted(table)} limit 1`, this.name));
      if (rows.length === 0) continue;
      throw new InvalidOptionError(
        `StoppedSchema: the schema ${quoted(this.name)} is not a test's, for its table ${quoted(table)} has rows. ` +
          'Give tests a schema of their own',
      );
    }
    await this.#run(STOP);
  }

  async #tables(): Promise<readonly string[]> {
    const rows = await this.#rows(
      `select tablename as name from pg_tables where schemaname = ${literal(this.name)}`,
    );
    return rows.map(({ name }) => String(name));
  }

  async #run(text: string): Promise<void> {
    await this.#client.query(inSchema(text, this.name));
  }

  async #rows(text: string): Promise<readonly SqlRow[]> {
    const { rows } = (await this.#client.query(text)) as { readonly rows: readonly SqlRow[] };
    return rows;
  }
}
