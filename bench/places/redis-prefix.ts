import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Place } from './place.js';

/** Keys that begin with a text of their own in the server of `REDIS_URL`. */
export class RedisPrefix implements Place {
  readonly address: string;
  readonly url = urlOfRedis();
  readonly #isOwn: boolean;
  readonly #client = new Redis(this.url);

  constructor(made?: string) {
    this.address = made ?? `jobs-bench-${randomBytes(6).toString('hex')}`;
    this.#isOwn = made === undefined;
  }

  async describe(): Promise<string> {
    const version = /^redis_version:(\S+)/m.exec(await this.#client.info('server'))?.[1];
    const settings: string[] = [];
    for (const name of ['appendonly', 'appendfsync']) {
      const [, value] = (await this.#client.config('GET', name)) as string[];
      settings.push(`${name}=${value}`);
    }
    return `Redis ${version}, ${settings.join(', ')}`;
  }

  async serverCpu(): Promise<number> {
    const told = await this.#client.info('cpu');
    const seconds = ['used_cpu_sys', 'used_cpu_user'].map((name) =>
      Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(told)?.[1]),
    );
    return seconds.reduce((sum, value) => sum + value, 0) * 1000;
  }

  async leave(): Promise<void> {
    if (this.#isOwn) {
      const found = this.#client.scanStream({ match: `*${this.address}*`, count: 1000 });
      for await (const keys of found as AsyncIterable<string[]>) {
        if (keys.length > 0) await this.#client.unlink(...keys);
      }
    }
    await this.#client.quit();
  }
}

function urlOfRedis(): string {
  const { REDIS_URL: url } = process.env;
  if (url === undefined) throw new Error('REDIS_URL is not set');
  return url;
}
