import { askRedis } from './ask-redis.js';
import { leaveAlone, type Found } from './found.js';
import { noPrivateRedis, startRedis } from './start-redis.js';

export interface RedisSearch {
  /** Default: the environment of this process. */
  readonly env: NodeJS.ProcessEnv;
  /** Where a server may run already. */
  readonly port: number;
}

/**
 * A Redis for tests: the one that `REDIS_URL` names, or one that runs at the default port and lets us in, or one
 * started from what is installed. A `REDIS_URL` is used or reported, never silently replaced by something else.
 */
export async function findRedis(search: Partial<RedisSearch> = {}): Promise<Found> {
  const { env = process.env, port = 6379 } = search;
  const { REDIS_URL: named } = env;
  if (named !== undefined) return atNamedPlace(named);
  const url = `redis://127.0.0.1:${port}`;
  const answer = await askRedis(url);
  if ('version' in answer) {
    const origin = `Redis ${answer.version} at 127.0.0.1:${port}`;
    return { url, origin, isPrivate: false, stop: leaveAlone };
  }
  const missing = noPrivateRedis(env['PATH']);
  if (missing !== undefined) return { unavailable: `${answer.problem}, and ${missing}` };
  const started = await startedHere();
  return 'url' in started ? started : { unavailable: `${answer.problem}; ${started.unavailable}` };
}

async function atNamedPlace(url: string): Promise<Found> {
  if (!URL.canParse(url)) return { unavailable: 'REDIS_URL is set, but is no URL' };
  const answer = await askRedis(url);
  if ('problem' in answer) return { unavailable: `REDIS_URL is set, but ${answer.problem}` };
  const origin = `Redis ${answer.version} at ${new URL(url).host}, by REDIS_URL`;
  return { url, origin, isPrivate: false, stop: leaveAlone };
}

async function startedHere(): Promise<Found> {
  try {
    const server = await startRedis();
    const origin = `Redis ${server.version}, private: started for this run at 127.0.0.1:${server.port}`;
    return { url: server.url, origin, isPrivate: true, stop: () => server.stop() };
  } catch (error) {
    return { unavailable: (error as Error).message.trim() };
  }
}
