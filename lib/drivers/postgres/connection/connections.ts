import { StorageOpenError } from '../../../core/errors.js';
import type { ClientPool, PostgresClient } from './postgres-client.js';

/** How to reach the server, as `pg` takes it. */
export type ConnectionConfig = object;

// Each below the ten seconds after which a runner gives a call up. The server ends a statement first (8 s), so
// that it is known to have ended; then the client does, whose connection may have become a black hole.
const CONNECT_WITHIN = 5_000;
const ANSWER_WITHIN = 9_000;
const IDLE_FOR = 30_000;

/** Makes connections of our own, whoever else has some to the same server. */
export class Connections {
  readonly #config: ConnectionConfig;

  constructor(config: ConnectionConfig) {
    this.#config = config;
  }

  /** At most `max` connections, made when they are needed. */
  async pool(max: number): Promise<ClientPool> {
    const { Pool } = await loadPg();
    return new Pool({
      ...this.#settings(),
      max,
      min: 0,
      idleTimeoutMillis: IDLE_FOR,
    });
  }

  /** One connection, connected, that nobody else gets. `answerWithin`: milliseconds for a statement. */
  async client(answerWithin = ANSWER_WITHIN): Promise<PostgresClient> {
    const { Client } = await loadPg();
    const client = new Client({ ...this.#settings(), query_timeout: answerWithin });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  #settings(): object {
    return {
      ...this.#config,
      connectionTimeoutMillis: CONNECT_WITHIN,
      query_timeout: ANSWER_WITHIN,
      keepAlive: true,
    };
  }
}

async function loadPg() {
  try {
    const { default: pg } = await import('pg');
    return pg;
  } catch (error) {
    throw new StorageOpenError(`The PostgreSQL storage needs the package 'pg': npm install pg`, {
      cause: error,
    });
  }
}
