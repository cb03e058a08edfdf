import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { accountInsteadOfRoot, startPrivateServer } from './private-server.js';
import { foreignServer, type Server } from './server.js';

/** Where Debian keeps its versions, none of them on the PATH. */
const DEBIAN = '/usr/lib/postgresql';

/**
 * The PostgreSQL of `POSTGRES_URL`, or a private one with the settings that `initdb` gives: every commit is flushed.
 * Only a private one has nobody else's work in its CPU time.
 */
export async function postgresServer(): Promise<Server> {
  const { POSTGRES_URL: named } = process.env;
  if (named !== undefined) return foreignServer(named, 'POSTGRES_URL');
  const folder = folders().find(
    (one) => existsSync(join(one, 'postgres')) && existsSync(join(one, 'initdb')),
  );
  if (folder === undefined) {
    throw new Error('no PostgreSQL is installed here: set POSTGRES_URL, or leave it out with --storage');
  }
  const account = accountInsteadOfRoot('postgres');
  return startPrivateServer({
    name: 'postgres',
    program: join(folder, 'postgres'),
    ...(account === undefined ? {} : { account }),
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    args: (home, port) => [
      ...['-D', join(home, 'data'), '-p', String(port)],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ],
    prepare: (home) => {
      const words = ['-D', join(home, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'];
      execFileSync(join(folder, 'initdb'), words, { cwd: home, stdio: 'ignore', ...account });
    },
    ask: async (connectionString) => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      await client.end();
    },
    // Fast shutdown, in its own words: it does not wait for clients.
    stopSignal: 'SIGINT',
  });
}

function folders(): readonly string[] {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  return [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin')),
  ];
}
