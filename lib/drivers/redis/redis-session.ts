import { systemChance, systemClock } from '../../core/clock.js';
import type { SignalHub } from '../../storage/signal.js';
import { Lanes } from './jobs/lanes.js';
import { NewsListener } from './signals/news-listener.js';
import type { RedisClient } from './connection/redis-client.js';
import { RedisConnection, scriptOf } from './connection/redis-connection.js';
import { RedisContents } from './redis-contents.js';
import { ScriptRunner } from './connection/script-runner.js';
import { checkServer } from './connection/server-checks.js';
import { warn } from './connection/warning.js';

const TIME = scriptOf(`
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
`);

export interface SessionOptions {
  readonly client: RedisClient;
  /** Whether the client was made for this storage alone. */
  readonly isOwn: boolean;
  readonly makeListener: () => Promise<RedisClient>;
  readonly prefix: string;
  /** Milliseconds since the epoch, or empty where the server's clock counts. */
  readonly time: () => string;
  readonly hub: SignalHub;
}

/** All that is there between an open and a close. */
export class RedisSession {
  readonly contents: RedisContents;
  readonly #connection: RedisConnection;
  readonly #lanes: Lanes;
  readonly #listener: NewsListener;
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    const { client, isOwn, prefix, makeListener, time, hub } = options;
    this.#options = options;
    // In braces, so that all keys of one storage are kept by the same node of a cluster.
    this.#connection = new RedisConnection({ client, isOwn, key: `{${prefix}}` });
    this.#lanes = new Lanes(this.#connection, () => this.#recover());
    const self = randomName();
    this.contents = new RedisContents(
      new ScriptRunner(this.#connection, this.#lanes, time, self),
      this.#lanes,
    );
    this.#listener = new NewsListener({
      ...{
        connection: this.#connection,
        makeClient: makeListener,
        lanes: this.#lanes,
        hub,
        self,
        clock: systemClock,
      },
    });
  }

  async open(): Promise<void> {
    await this.#connection.ready();
    await checkServer(this.#connection);
    await this.#lanes.open();
  }

  /** Hears other processes from now on. Who never asks needs no second connection. */
  listen(): void {
    this.#listener.start();
  }

  async now(): Promise<number> {
    const time = this.#options.time();
    return time === '' ? Number(await this.#connection.run(TIME, [])) : Number(time);
  }

  async close(): Promise<void> {
    this.contents.gathering.end();
    this.#listener.stop();
    await this.#connection.close();
  }

  /** The server came back without the data. Told, since nobody should have to guess where the jobs are. */
  #recover(): void {
    warn(
      'JOBS_REDIS_RESET',
      `The jobs under {${this.#options.prefix}} are gone: Redis was emptied, or came back without its data. ` +
        'New jobs are accepted again, and the schedules of this process are declared again',
    );
    this.contents.schedules.declareAgain().catch(() => {});
    for (const kind of ['schedule', 'ready'] as const) this.#options.hub.emit({ kind });
  }
}

function randomName(): string {
  const bytes = new Uint8Array(6);
  systemChance.fill(bytes);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
