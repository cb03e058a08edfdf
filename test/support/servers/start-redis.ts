import { setTimeout as wait } from 'node:timers/promises';
import { askRedis } from './ask-redis.js';
import { freePort, onFreePort } from './free-port.js';
import { PrivateServer } from './private-server.js';
import { programOnPath } from './programs.js';
import { tellRedis } from './redis-command.js';

export interface RedisOptions {
  /** `redis-server` or one that takes its options. Default: what is on the PATH, also Valkey's. */
  readonly program?: string;
  /** Lines of redis.conf: `{ maxmemory: '3mb', appendonly: 'yes' }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** A cluster of this one server, which holds all slots: enough to be refused a command across slots. */
  readonly cluster?: boolean;
}

const PROGRAMS = ['redis-server', 'valkey-server'];
const QUIET = { bind: '127.0.0.1', save: '', appendonly: 'no' };
const SLOTS = 16_384;
const CLUSTER_LIMIT = 10_000;

/** Why `startRedis()` cannot work on this machine; undefined when it can. */
export function noPrivateRedis(path?: string): string | undefined {
  const missing = programOnPath(PROGRAMS, path) === undefined;
  return missing ? `no Redis is installed (${PROGRAMS.join(' or ')} on the PATH)` : undefined;
}

/**
 * Starts a Redis of one's own, without a password unless `settings` have `requirepass`. It keeps nothing on disk unless `settings` say so
 * (`appendonly: 'yes'`, `appendfsync: 'always'`), so that `restart()` empties it.
 */
export async function startRedis({
  program,
  settings,
  cluster = false,
}: RedisOptions = {}): Promise<PrivateServer> {
  const chosen = program ?? programOnPath(PROGRAMS);
  if (chosen === undefined) throw new Error(noPrivateRedis());
  const password = String(settings?.['requirepass'] ?? '');
  const server = await onFreePort(async (port) => {
    const url = `redis://${password && `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`;
    const all = { ...QUIET, ...(cluster && (await clusterSettings())), ...settings, port };
    return PrivateServer.start({
      name: 'redis',
      program: chosen,
      port,
      url,
      args: (home) =>
        Object.entries({ ...all, dir: home }).flatMap(([name, value]) => [`--${name}`, String(value)]),
      stopSignal: 'SIGTERM',
      killSignal: 'SIGKILL',
      ask: () => askRedis(url),
    });
  });
  if (cluster) await takeAllSlots(server);
  return server;
}

async function clusterSettings() {
  return {
    'cluster-enabled': 'yes',
    'cluster-port': await freePort(),
    'cluster-announce-ip': '127.0.0.1',
  };
}

async function takeAllSlots(server: PrivateServer): Promise<void> {
  const slots = Array.from({ length: SLOTS }, (_, slot) => String(slot));
  await tellRedis(server.port, ['CLUSTER', 'ADDSLOTS', ...slots]);
  const deadline = performance.now() + CLUSTER_LIMIT;
  let state = '';
  while (performance.now() < deadline) {
    state = await tellRedis(server.port, ['CLUSTER', 'INFO']);
    if (state.includes('cluster_state:ok')) return;
    await wait(50);
  }
  await server.stop();
  throw new Error(`The cluster did not come up:\n${state}`);
}
