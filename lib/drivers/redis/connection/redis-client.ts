import { systemChance } from '../../../core/clock.js';
import { StorageOpenError } from '../../../core/errors.js';

/**
 * The part of a Redis client that we call. A `Redis` and a `Cluster` of ioredis have it.
 * @publicApi
 */
export interface RedisClient {
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  duplicate(override?: object): RedisClient;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** A script, and the name that the server knows it by once it has seen it. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const LONGEST_BACKOFF = 2_000;

/**
 * A client subscribes again by itself whenever it is connected again, and nobody hears of it when that fails: a rejection
 * nobody handles ends the process. The listener subscribes with each connection anyway.
 */
export const LISTENING = { autoResubscribe: false };

/** Makes a client that is not connected yet, and connects again by itself for as long as it lives. */
export async function makeClient(url: string, options: object = {}): Promise<RedisClient> {
  const Redis = await load();
  return new Redis(url, {
    ...options,
    lazyConnect: true,
    // Whoever waits for the connection waits in front of it: what was given up must not be sent later.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Else those whose reply went down with the connection would never be told, and wait for their timeout.
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    retryStrategy: (attempt: number) =>
      Math.min(LONGEST_BACKOFF, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + systemChance.random() / 2),
    // After a failover the old primary may answer on, and would for ever refuse to write. Before Redis 7 the error of a
    // script's command stands behind a text of its own.
    reconnectOnError: ({ message }: Error) => /\bREADONLY\b/.test(message),
  });
}

type Constructor = new (url: string, options: object) => RedisClient;

async function load(): Promise<Constructor> {
  // The name in a variable, so that compilers do not ask for a package that an application does without.
  const name: string = 'ioredis';
  try {
    const module = (await import(name)) as { readonly Redis: Constructor };
    return module.Redis;
  } catch (error) {
    throw new StorageOpenError('RedisStorage needs ioredis. Run `npm install ioredis`', { cause: error });
  }
}
