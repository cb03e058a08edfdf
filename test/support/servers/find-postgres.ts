import { userInfo } from 'node:os';
import { askPostgres } from './ask-postgres.js';
import { leaveAlone, type Found } from './found.js';
import { noPrivatePostgres, startPostgres } from './start-postgres.js';

export interface PostgresSearch {
  /** Default: the environment of this process. */
  readonly env: NodeJS.ProcessEnv;
  /** Where a server may run already. */
  readonly port: number;
  /** Where Debian would have put its programs. */
  readonly root?: string;
}

/**
 * A PostgreSQL for tests: the one that `POSTGRES_URL` names, or one started from the folder of programs that
 * `POSTGRES_PROGRAMS` names, or one that runs at the default port and lets us in, or one started from what is
 * installed. What a variable names is used or reported, never silently replaced by something else.
 */
export async function findPostgres(search: Partial<PostgresSearch> = {}): Promise<Found> {
  const { env = process.env, port = 5432, root } = search;
  const { POSTGRES_URL: named, POSTGRES_PROGRAMS: programs } = env;
  if (named !== undefined) return atNamedPlace(named);
  if (programs !== undefined) return startedFrom(programs, `POSTGRES_PROGRAMS: ${programs}: `);
  const running = await atDefaultPort(port, env);
  if ('url' in running) return running;
  const missing = noPrivatePostgres(env['PATH'], root);
  if (missing !== undefined) return { unavailable: `${running.unavailable}, and ${missing}` };
  const started = await startedFrom(undefined, '');
  return 'url' in started ? started : { unavailable: `${running.unavailable}; ${started.unavailable}` };
}

async function atNamedPlace(url: string): Promise<Found> {
  if (!URL.canParse(url)) return { unavailable: 'POSTGRES_URL is set, but is no URL' };
  const answer = await askPostgres(url);
  if ('problem' in answer) return { unavailable: `POSTGRES_URL is set, but ${answer.problem}` };
  return {
    url,
    origin: `PostgreSQL ${answer.version} at ${new URL(url).host}, by POSTGRES_URL`,
    isPrivate: false,
    stop: leaveAlone,
  };
}

async function atDefaultPort(port: number, env: NodeJS.ProcessEnv): Promise<Found> {
  const { PGUSER, PGDATABASE } = env;
  let unavailable = '';
  for (const user of distinct(PGUSER, userInfo().username, 'postgres')) {
    for (const database of distinct(PGDATABASE, user, 'postgres')) {
      const url = `postgres://${encodeURIComponent(user)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
      const answer = await askPostgres(url);
      if ('version' in answer) {
        const origin = `PostgreSQL ${answer.version} at 127.0.0.1:${port}, as ${user}`;
        return { url, origin, isPrivate: false, stop: leaveAlone };
      }
      unavailable = answer.problem;
      // Another user makes no difference to a server that is not there.
      if (!answer.saidNo) return { unavailable };
    }
  }
  return { unavailable };
}

async function startedFrom(programs: string | undefined, prefix: string): Promise<Found> {
  try {
    const server = await startPostgres(programs === undefined ? {} : { programs });
    const origin = `PostgreSQL ${server.version}, private: started for this run at 127.0.0.1:${server.port}`;
    return { url: server.url, origin, isPrivate: true, stop: () => server.stop() };
  } catch (error) {
    return { unavailable: `${prefix}${(error as Error).message.trim()}` };
  }
}

function distinct(...names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
}
