import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askPostgres } from './ask-postgres.js';
import { onFreePort } from './free-port.js';
import { PrivateServer, type Recipe } from './private-server.js';
import { programOnPath, userInsteadOfRoot } from './programs.js';

export interface PgBouncerOptions {
  /** The server behind it. */
  readonly before: string;
  /** Lines of pgbouncer.ini: `{ default_pool_size: 1, pool_mode: 'session' }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const SETTINGS = {
  pool_mode: 'transaction',
  // Whoever comes is taken for the user of the URL: what is tested is the pooling.
  auth_type: 'any',
  listen_addr: '127.0.0.1',
  unix_socket_dir: '',
  max_client_conn: 200,
};

/** Why `startPgBouncer()` cannot work on this machine; undefined when it can. */
export function noPgBouncer(): string | undefined {
  return pgBouncerProgram() === undefined ? 'no PgBouncer is installed (pgbouncer)' : undefined;
}

/**
 * Starts a PgBouncer in transaction mode before a PostgreSQL: after each transaction the next statement of the same
 * client may reach another session, without what was prepared, set or locked in the one before. `url` leads to the
 * same database as before.
 */
export async function startPgBouncer({ before, settings }: PgBouncerOptions): Promise<PrivateServer> {
  const program = pgBouncerProgram();
  if (program === undefined) throw new Error(noPgBouncer());
  return onFreePort((port) => PrivateServer.start(recipe(program, port, new URL(before), settings)));
}

function recipe(program: string, port: number, server: URL, settings: PgBouncerOptions['settings']): Recipe {
  const user = userInsteadOfRoot();
  const url = new URL(server);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const ini = (home: string) => join(home, 'pgbouncer.ini');
  return {
    name: 'pgbouncer',
    program,
    port,
    url: url.href,
    ...(user && { user }),
    args: (home) => [ini(home)],
    stopSignal: 'SIGTERM',
    killSignal: 'SIGKILL',
    prepare: async (home) => {
      const all = { ...SETTINGS, listen_port: port, ...settings };
      const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
      await writeFile(
        ini(home),
        ['[databases]', `* = ${placeOf(server)}`, '[pgbouncer]', ...lines, ''].join('\n'),
      );
    },
    ask: () => askPostgres(url.href),
  };
}

/** In the words of libpq, where a quote in a value is doubled. */
function placeOf({ hostname, port, username, password }: URL): string {
  const words = { host: hostname, port: port || '5432', user: username, password };
  return Object.entries(words)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}='${decodeURIComponent(value).replaceAll("'", "''")}'`)
    .join(' ');
}

function pgBouncerProgram(): string | undefined {
  // Debian keeps it where only root's PATH leads.
  return programOnPath(['pgbouncer']) ?? programOnPath(['pgbouncer'], '/usr/sbin');
}
