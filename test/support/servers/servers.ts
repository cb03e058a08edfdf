/**
 * The servers that this run of the tests may use:
 *
 *     import { servers } from '../support/servers/servers.js';
 *     const { postgres } = servers;
 *     if ('unavailable' in postgres) skip(postgres.unavailable);
 *     else connect(postgres.url);
 *
 * Looked for once per run, in the main process, and told to the workers; the project of vitest.config.ts needs
 * `servers: true`. They may be somebody's own: make a schema or a key prefix, and remove it. To restart a server, to
 * break it or to give it settings, start one of your own: `startPostgres`, `startRedis`.
 */
import { findPostgres } from './find-postgres.js';
import { findRedis } from './find-redis.js';
import type { Found, FoundServer, NoServer } from './found.js';

export type Servers = Readonly<Record<'postgres' | 'redis', FoundServer | NoServer>>;

/** How the main process tells its workers: they inherit its environment. */
const TOLD = 'SERVERS_OF_THIS_TEST_RUN';

const started: (() => Promise<void>)[] = [];

export const servers: Servers = told() ?? (await findAll());

/** Ends those that were started for this run. Only the main process has any. */
export async function stopServers(): Promise<void> {
  await Promise.all(started.splice(0).map((stop) => stop()));
}

function told(): Servers | undefined {
  const text = process.env[TOLD];
  if (text !== undefined) return JSON.parse(text) as Servers;
  if (process.env['VITEST_WORKER_ID'] === undefined) return undefined;
  // A server for each worker, started in silence, is what nobody asked for.
  throw new Error('These tests use servers, so their project in vitest.config.ts needs `servers: true`');
}

async function findAll(): Promise<Servers> {
  const [postgres, redis] = await Promise.all([look('postgres', findPostgres), look('redis', findRedis)]);
  const found = { postgres, redis };
  process.env[TOLD] = JSON.stringify(found);
  return found;
}

async function look(storage: string, find: () => Promise<Found>): Promise<FoundServer | NoServer> {
  const chosen = process.env['STORAGES']?.split(',').map((name) => name.trim());
  if (chosen?.includes(storage) === false) return { unavailable: 'STORAGES leaves it out' };
  const found = await find();
  if ('unavailable' in found) return found;
  const { stop, ...server } = found;
  started.push(stop);
  return server;
}
