import type { Storage } from '../../../lib/storage/storage.js';
import { PostgresStorage } from '../../../lib/drivers/postgres/index.js';
import { RedisStorage } from '../../../lib/drivers/redis/index.js';
import { dropSchema, newSchema, POSTGRES_URL } from '../../support/postgres.js';
import { newPrefix, REDIS_URL, removeKeys } from '../../support/redis.js';
import type { PrivateServer } from '../../support/servers/private-server.js';
import { noPrivatePostgres, startPostgres } from '../../support/servers/start-postgres.js';
import { noPrivateRedis, startRedis } from '../../support/servers/start-redis.js';
import { STORAGES } from '../../support/storages.js';

/** A storage that is reached over a network. */
export interface ServerStorage {
  readonly name: string;
  /** The server that everybody uses. */
  readonly url: string;
  /** What the connection that hears of news says first. */
  readonly listens: string;
  /** Names a part of the server that nobody else uses. */
  newPart(): string;
  storage(url: string, part: string): Storage;
  remove(part: string): Promise<void>;
  /** Why no server of a test's own can be started here. */
  readonly noServer: string | undefined;
  /** Starts one that has flushed to the disk what it acknowledges. */
  start(): Promise<PrivateServer>;
}

const ROWS: readonly ServerStorage[] = [
  {
    name: 'postgres',
    url: withPort(POSTGRES_URL, 5432),
    listens: 'listen "jobs_',
    newPart: newSchema,
    storage: (url, schema) => new PostgresStorage({ connectionString: url, schema }),
    remove: dropSchema,
    noServer: noPrivatePostgres(),
    start: () => startPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } }),
  },
  {
    name: 'redis',
    url: withPort(REDIS_URL, 6379),
    listens: 'subscribe',
    newPart: newPrefix,
    storage: (url, prefix) => new RedisStorage({ url, prefix }),
    remove: removeKeys,
    noServer: noPrivateRedis(),
    start: () => startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } }),
  },
];

/** Those that run here; what `REQUIRE_STORAGES` names and is missing has failed the whole run before. */
export const SERVER_STORAGES = ROWS.filter(({ name }) => STORAGES.some((row) => row.name === name));

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  if (changed.port === '') changed.port = String(port);
  return changed.href;
}
