import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { postmasterCpu } from './postmaster-cpu.js';
import type { Place } from './place.js';

const SETTINGS = ['server_version', 'fsync', 'synchronous_commit'];
const LOCAL = ['127.0.0.1', 'localhost', '[::1]', ''];

/** A schema with a name of its own in the database of `POSTGRES_URL`. */
export class PostgresSchema implements Place {
  readonly address: string;
  readonly url = urlOfPostgres();
  readonly #isOwn: boolean;
  #client: Promise<pg.Client> | undefined;

  constructor(made?: string) {
    this.address = made ?? `jobs_bench_${randomBytes(6).toString('hex')}`;
    this.#isOwn = made === undefined;
  }

  async describe(): Promise<string> {
    const client = await this.#connected();
    const told: string[] = [];
    for (const name of SETTINGS) {
      const { rows } = await client.query<{ value: string }>('select current_setting($1) as value', [name]);
      told.push(`${name}=${rows[0]?.value}`);
    }
    return `PostgreSQL, ${told.join(', ')}`;
  }

  async serverCpu(): Promise<number | undefined> {
    if (!LOCAL.includes(new URL(this.url).hostname)) return undefined;
    const client = await this.#connected();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return postmasterCpu(rows[0]?.pid ?? 0);
  }

  async leave(): Promise<void> {
    if (this.#isOwn) await (await this.#connected()).query(`drop schema if exists ${this.address} cascade`);
    await (await this.#client)?.end();
  }

  #connected(): Promise<pg.Client> {
    return (this.#client ??= connectToPostgres(this.url));
  }
}

export async function connectToPostgres(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return client;
}

function urlOfPostgres(): string {
  const { POSTGRES_URL: url } = process.env;
  if (url === undefined) throw new Error('POSTGRES_URL is not set');
  return url;
}
