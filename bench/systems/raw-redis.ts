import { Redis } from 'ioredis';
import type { RedisPrefix } from '../places/redis-prefix.js';
import type { Mail, System } from '../system.js';
import { Gathering } from './gathering.js';
import { BATCH, RawPipeline } from './raw-pipeline.js';

// What a worker takes moves to a list of its own. It ends in the order it was taken in, so it goes from the front.
const TAKE = `
  local taken = redis.call('LPOP', KEYS[1], ARGV[1])
  if not taken then return {} end
  redis.call('RPUSH', KEYS[2], unpack(taken))
  return taken`;
const KEEP = `
  redis.call('RPUSH', KEYS[2], unpack(redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)))
  return redis.call('LTRIM', KEYS[1], ARGV[1], -1)`;

export interface RawRedisOptions {
  readonly prefix: RedisPrefix;
  readonly keepsCompleted: boolean;
  /** Other processes hear of new jobs, and this one of theirs. */
  readonly isAnnounced: boolean;
}

type Scripted = Redis & {
  take(ready: string, taken: string, limit: number): Promise<string[]>;
  keep(taken: string, ended: string, count: number): Promise<unknown>;
};

/** Lists: of the ready jobs, of the taken ones, and of the ended ones where those are kept. */
export class RawRedis implements System {
  settings = '';
  readonly address: string;
  readonly #options: RawRedisOptions;
  readonly #client: Scripted;
  readonly #listener: Redis | undefined;
  readonly #gathering = new Gathering((payloads) => this.#insert(payloads));
  readonly #pipeline = new RawPipeline<string>({
    take: (limit) => this.#client.take(this.#key('ready'), this.#key('taken'), limit),
    finish: ({ length }) => this.#finish(length),
    mailOf: (payload) => JSON.parse(payload) as Mail,
  });

  constructor(options: RawRedisOptions) {
    this.#options = options;
    this.address = options.prefix.address;
    const scripts = { take: { numberOfKeys: 2, lua: TAKE }, keep: { numberOfKeys: 2, lua: KEEP } };
    this.#client = new Redis(options.prefix.url, { scripts }) as Scripted;
    this.#listener = options.isAnnounced ? new Redis(options.prefix.url) : undefined;
  }

  async open() {
    const ends = this.#options.keepsCompleted ? 'moved to a list' : 'removed';
    const server = await this.#options.prefix.describe();
    this.settings = `${server}, ioredis, batches of ${BATCH}, completed jobs ${ends}`;
    this.#listener?.on('message', () => this.#pipeline.wake());
    await this.#listener?.subscribe(this.address);
  }

  enqueue(mail: Mail) {
    return this.#gathering.add(JSON.stringify(mail));
  }

  enqueueAll(mails: readonly Mail[]) {
    return this.#insert(mails.map((mail) => JSON.stringify(mail)));
  }

  async start(concurrency: number, run: (mail: Mail) => Promise<void>) {
    this.#pipeline.start(concurrency, run);
  }

  async isDrained() {
    return this.#pipeline.isIdle;
  }

  serverCpu() {
    return this.#options.prefix.serverCpu();
  }

  stop() {
    return this.#pipeline.stop();
  }

  async close() {
    await this.#listener?.quit();
    await this.#client.quit();
    await this.#options.prefix.leave();
  }

  async #insert(payloads: readonly string[]): Promise<void> {
    const stored = this.#client.rpush(this.#key('ready'), ...payloads);
    if (this.#options.isAnnounced) void this.#client.publish(this.address, '');
    await stored;
    this.#pipeline.wake();
  }

  #finish(count: number): Promise<unknown> {
    const taken = this.#key('taken');
    if (this.#options.keepsCompleted) return this.#client.keep(taken, this.#key('ended'), count);
    return this.#client.ltrim(taken, count, -1);
  }

  #key(name: string): string {
    return `{${this.address}}:${name}`;
  }
}
