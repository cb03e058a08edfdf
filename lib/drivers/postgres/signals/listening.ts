import { createHash } from 'node:crypto';
import { sleep, type Chance, type Clock, type Timer } from '../../../core/clock.js';
import type { SignalHub } from '../../../storage/signal.js';
import type { Announcing, News } from './announcing.js';
import type { Connections } from '../connection/connections.js';
import { readNews, writeNews } from './news-message.js';
import type { PostgresClient } from '../connection/postgres-client.js';
import { literal, quoted } from '../connection/sql.js';

// A question over the same connection tells what no setting of sockets does: that it still works both ways.
const CHECK_EVERY = 5_000;
const CHECKED_WITHIN = 3_000;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** Between two notifications of a process: whoever commits one holds a lock that there is one of in the server. */
const NOTIFY_EVERY = 50;

export interface ListeningOptions {
  readonly connections: Connections;
  readonly schema: string;
  readonly hub: SignalHub;
  readonly announcing: Announcing;
  readonly clock: Clock;
  readonly chance: Chance;
}

/**
 * One connection for the news that processes send each other. It is nobody's transaction: a notification within an
 * enqueue would have all commits of the database wait for one another. Lost news cost a poll, never a job.
 */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #channel: string;
  readonly #sender: string;
  readonly #closed = new AbortController();
  #client: PostgresClient | undefined;
  /** The client that listens, should it be the present one. */
  #listener: PostgresClient | undefined;
  #work: Promise<void> | undefined;
  #check: Timer | undefined;
  #untold: News = {};
  #telling: Promise<void> | undefined;
  #asked: Promise<unknown> | undefined;

  constructor(options: ListeningOptions) {
    this.#options = options;
    this.#channel = channelOf(options.schema);
    this.#sender = String(options.chance.random()).slice(2);
  }

  /** Connects, and goes on trying until it is closed. Safe to repeat. */
  start(): void {
    if (this.#client !== undefined || this.#closed.signal.aborted) return;
    this.#work ??= this.#connect().finally(() => (this.#work = undefined));
  }

  /** Hears from others from now on. Who only tells does not listen: each listener costs every notification. */
  listen(): void {
    const client = this.#client;
    if (client === undefined) this.start();
    else void this.#listenOn(client).catch(() => this.#lose(client));
  }

  /** Has other processes told, soon. */
  tell(news: News): void {
    this.#untold = {
      ready: [...new Set([...(this.#untold.ready ?? []), ...(news.ready ?? [])])],
      cancel: this.#untold.cancel === true || news.cancel === true,
      schedule: this.#untold.schedule === true || news.schedule === true,
    };
    this.start();
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#check?.cancel();
    await this.#telling;
    await this.#work;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const { clock, chance, connections, hub } = this.#options;
    for (let failures = 0; !this.#closed.signal.aborted; failures += 1) {
      try {
        const client = await connections.client();
        client.on('error', () => this.#lose(client));
        client.on('end', () => this.#lose(client));
        client.on('notification', ({ payload }) => this.#hear(payload ?? ''));
        // A notification is a commit, and would wait for the disk while it holds that lock.
        await client.query('set synchronous_commit = off');
        this.#client = client;
        this.#checkLater();
        if (hub.isHeard) await this.#listenOn(client);
        return;
      } catch {
        this.#client = undefined;
        const pause = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** Math.min(failures, 10));
        await sleep(clock, pause * (0.5 + chance.random() / 2), this.#closed.signal);
      }
    }
  }

  async #listenOn(client: PostgresClient): Promise<void> {
    if (this.#listener === client) return;
    await this.#ask(client, `listen ${quoted(this.#channel)}`);
    this.#listener = client;
    // Whatever was said while nobody listened is lost.
    this.#options.hub.emit({ kind: 'ready' });
  }

  #lose(client: PostgresClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#check?.cancel();
    void client.end().catch(() => {});
    this.start();
  }

  #checkLater(): void {
    this.#check = this.#options.clock.after(CHECK_EVERY, () => void this.#checkNow());
  }

  async #checkNow(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const late = this.#options.clock.after(CHECKED_WITHIN, () => this.#lose(client));
    try {
      await this.#ask(client, 'select 1');
      if (this.#client === client) this.#checkLater();
    } catch {
      this.#lose(client);
    } finally {
      late.cancel();
    }
  }

  // The first goes at once; what comes while it is under way, and shortly after, shares the next.
  async #tellAll(): Promise<void> {
    while (isNews(this.#untold)) {
      await this.#work;
      const client = this.#client;
      if (client === undefined) return;
      const news = this.#untold;
      this.#untold = {};
      const payload = writeNews(this.#sender, news);
      await this.#ask(client, `select pg_notify(${literal(this.#channel)}, ${literal(payload)})`).catch(
        () => {},
      );
      if (this.#closed.signal.aborted) return;
      await sleep(this.#options.clock, NOTIFY_EVERY, this.#closed.signal);
    }
  }

  /** One question after another: the client of `pg` will not queue them much longer. */
  #ask(client: PostgresClient, text: string): Promise<unknown> {
    const asked = (this.#asked ?? Promise.resolve()).then(() => client.query(text));
    this.#asked = asked.catch(() => {});
    return asked;
  }

  #hear(payload: string): void {
    const news = readNews(this.#sender, payload);
    if (news === 'all') return this.#options.hub.emit({ kind: 'ready' });
    if (news !== undefined) this.#options.announcing.hear(news);
  }
}

function isNews({ ready = [], cancel = false, schedule = false }: News): boolean {
  return ready.length > 0 || cancel || schedule;
}

/** Schemas of one database do not hear each other. Channels are cut off at 63 bytes, so a hash stands for the name. */
function channelOf(schema: string): string {
  return `jobs_${createHash('sha256').update(schema).digest('hex').slice(0, 32)}`;
}
