import { systemChance, type Clock, type Timer } from '../../../core/clock.js';
import type { SignalHub } from '../../../storage/signal.js';
import type { Lanes } from '../jobs/lanes.js';
import type { RedisClient } from '../connection/redis-client.js';
import { within, type RedisConnection } from '../connection/redis-connection.js';

const BEACON_EVERY = 10_000;
const HEARD_WITHIN = 5_000;
const SUBSCRIBED_WITHIN = 5_000;

export interface ListenerOptions {
  /** Where the beacons are sent from. */
  readonly connection: RedisConnection;
  /** A connection of its own: what has subscribed cannot do anything else. */
  readonly makeClient: () => Promise<RedisClient>;
  readonly lanes: Lanes;
  readonly hub: SignalHub;
  /** Whose news are known already. */
  readonly self: string;
  readonly clock: Clock;
}

/**
 * Hears the news of other processes. A connection can be dead without anybody being told, so the listener sends itself
 * a beacon from time to time; when it does not hear that, it connects anew. Whatever was missed meanwhile is made good
 * by telling that anything may have become ready.
 */
export class NewsListener {
  readonly #options: ListenerOptions;
  #client: RedisClient | undefined;
  #isStarted = false;
  #isStopped = false;
  #timer: Timer | undefined;
  #heard = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    // Should it fail, polling has to do.
    this.#connect().catch(() => {});
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#client?.disconnect();
  }

  async #connect(): Promise<void> {
    const client = await this.#options.makeClient();
    if (this.#isStopped) return client.disconnect();
    this.#client = client;
    client.on('error', () => {});
    client.on('message', (_, text) => this.#hear(String(text)));
    client.on('ready', () => void this.#subscribe(client));
    if (client.status === 'wait') client.connect().catch(() => {});
    else if (client.status === 'ready') void this.#subscribe(client);
    this.#watch();
  }

  async #subscribe(client: RedisClient): Promise<void> {
    const { key } = this.#options.connection;
    try {
      const subscribed = [`${key}:news`, this.#beaconChannel].map((channel) => client.subscribe(channel));
      await within(SUBSCRIBED_WITHIN, Promise.all(subscribed));
      this.#heard = this.#options.clock.monotonic();
      this.#tellAll();
    } catch {
      if (!this.#isStopped) client.disconnect(true);
    }
  }

  get #beaconChannel(): string {
    return `${this.#options.connection.key}:news:${this.#options.self}`;
  }

  #hear(text: string): void {
    this.#heard = this.#options.clock.monotonic();
    const [sender, kind, lanes = ''] = text.split(' ');
    if (sender === this.#options.self || this.#isStopped) return;
    if (kind === 'ready') return this.#tellReady(lanes);
    if (kind === 'cancel' || kind === 'schedule') this.#options.hub.emit({ kind });
  }

  #tellReady(numbers: string): void {
    const { lanes, hub } = this.#options;
    const queues = numbers.split(',').map((number) => lanes.queueOf(number));
    const known = queues.filter((queue) => queue !== undefined);
    // A lane that was made just now: whoever looks will learn of it.
    if (known.length < queues.length) return hub.emit({ kind: 'ready' });
    hub.emit({ kind: 'ready', queues: [...new Set(known)] });
  }

  #tellAll(): void {
    if (this.#isStopped) return;
    for (const kind of ['cancel', 'schedule', 'ready'] as const) this.#options.hub.emit({ kind });
  }

  #watch(): void {
    const pause = BEACON_EVERY * (0.75 + systemChance.random() / 2);
    this.#timer = this.#options.clock.after(pause, () => {
      const sentAt = this.#options.clock.monotonic();
      this.#options.connection.command('publish', this.#beaconChannel, `${this.#options.self} beacon`).then(
        () => this.#expectSince(sentAt),
        // The way to the server is broken for all: the client itself connects again.
        () => this.#watchOn(),
      );
    });
  }

  #expectSince(sentAt: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(HEARD_WITHIN, () => {
      if (this.#heard < sentAt) this.#client?.disconnect(true);
      this.#watch();
    });
  }

  #watchOn(): void {
    if (!this.#isStopped) this.#watch();
  }
}
