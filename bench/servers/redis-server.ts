import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { startPrivateServer } from './private-server.js';
import { foreignServer, type Server } from './server.js';

const PROGRAMS = ['redis-server', 'valkey-server'];

/** The Redis of `REDIS_URL`, or a private one that appends to its file and flushes that every second. */
export async function redisServer(): Promise<Server> {
  const { REDIS_URL: named, PATH = '' } = process.env;
  if (named !== undefined) return foreignServer(named, 'REDIS_URL');
  const program = PATH.split(delimiter)
    .flatMap((folder) => PROGRAMS.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
  if (program === undefined) {
    throw new Error('no Redis is installed here: set REDIS_URL, or leave it out with --storage');
  }
  return startPrivateServer({
    name: 'redis',
    program,
    url: (port) => `redis://127.0.0.1:${port}`,
    args: (home, port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', home, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec'],
    ],
    ask: async (url) => {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.ping();
      } finally {
        client.disconnect();
      }
    },
    stopSignal: 'SIGTERM',
  });
}
