import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askPostgres } from './ask-postgres.js';
import { onFreePort } from './free-port.js';
import { PrivateServer, type Recipe } from './private-server.js';
import { postgresFolders, userInsteadOfRoot } from './programs.js';

export interface PostgresOptions {
  /** The folder of `postgres` and `initdb`. Default: the first of `postgresFolders()`. */
  readonly programs?: string;
  /** Lines of postgresql.conf: `{ max_connections: 20 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/**
 * No flush waits for the disk: only a crash of the whole machine loses anything by that. `synchronous_commit` stays
 * on, since without it a commit that was acknowledged is lost by `kill()`, and the storage would be blamed for it.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: 200,
  shared_buffers: '32MB',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
};

/** Why `startPostgres()` cannot work on this machine; undefined when it can. */
export function noPrivatePostgres(path?: string, root?: string): string | undefined {
  if (postgresFolders(path, root).length === 0) return 'no PostgreSQL is installed (postgres, initdb)';
  const isRoot = process.getuid?.() === 0;
  return isRoot && userInsteadOfRoot() === undefined ? 'PostgreSQL does not run as root' : undefined;
}

/**
 * Starts a PostgreSQL of one's own: user and database `postgres`, no password, about a second. `kill()` ends it at
 * once with every session and without a checkpoint, so that it has to recover when it is started again; its clients
 * are told, which a network fault would not do (`FaultProxy`).
 */
export async function startPostgres({ programs, settings }: PostgresOptions = {}): Promise<PrivateServer> {
  const folder = programs ?? postgresFolders()[0];
  if (folder === undefined) throw new Error(noPrivatePostgres());
  return onFreePort((port) => PrivateServer.start(recipe(folder, port, settings)));
}

function recipe(folder: string, port: number, settings: PostgresOptions['settings']): Recipe {
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const user = userInsteadOfRoot();
  return {
    name: 'postgres',
    program: join(folder, 'postgres'),
    port,
    url,
    ...(user && { user }),
    args: (home) => [
      ...['-D', join(home, 'data'), '-p', String(port)],
      ...Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // Fast and immediate shutdown, in PostgreSQL's words. SIGKILL would leave its sessions and shared memory behind.
    stopSignal: 'SIGINT',
    killSignal: 'SIGQUIT',
    prepare: async (home) => {
      const words = [
        '-D',
        join(home, 'data'),
        '-U',
        'postgres',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C',
        '-N',
      ];
      await promisify(execFile)(join(folder, 'initdb'), words, { cwd: home, ...user });
    },
    ask: () => askPostgres(url),
  };
}
