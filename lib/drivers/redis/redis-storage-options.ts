import type { Clock } from '../../core/clock.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { RedisClient } from './connection/redis-client.js';

interface CommonOptions {
  /**
   * What the names of all keys begin with, in braces. Storages that share a prefix share their jobs. No braces in it.
   * @default 'jobs'
   */
  readonly prefix?: string;
  /** Counts instead of the server's clock: for tests. All processes on one prefix must see the same time. */
  readonly clock?: Clock;
}

/**
 * Which Redis. Unknown options and both or neither of `url` and `client` throw `InvalidOptionError`.
 * @publicApi
 */
export type RedisStorageOptions = CommonOptions &
  (
    | {
        /** Such as `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
        readonly url: string;
      }
    | {
        /**
         * The application's own `Redis` or `Cluster` of ioredis, without `keyPrefix`. It is not closed by the storage; a
         * copy of it is made, and closed, to hear other processes.
         */
        readonly client: RedisClient;
      }
  );

const OPTIONS: readonly string[] = ['url', 'client', 'prefix', 'clock'];

/** Throws `InvalidOptionError`. */
export function checkOptions(options: RedisStorageOptions): void {
  checkKnownOptions(options, OPTIONS, 'RedisStorage');
  if ('url' in options === 'client' in options) {
    throw new InvalidOptionError('RedisStorage: give either url or client');
  }
  if ('url' in options && (typeof options.url !== 'string' || !/^rediss?:\/\//.test(options.url))) {
    throw new InvalidOptionError('RedisStorage: url must begin with redis:// or rediss://');
  }
  const { prefix = 'jobs' } = options;
  if (typeof prefix !== 'string' || prefix === '' || /[{}]/.test(prefix)) {
    throw new InvalidOptionError('RedisStorage: prefix must be text without braces, and not empty');
  }
  if ('client' in options && keyPrefixOf(options.client)) {
    throw new InvalidOptionError(
      'RedisStorage: the client has a keyPrefix, which does not reach what it subscribes to. Give prefix instead',
    );
  }
}

function keyPrefixOf(client: RedisClient): unknown {
  return (client as { readonly options?: { readonly keyPrefix?: unknown } }).options?.keyPrefix;
}
