import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ProxiedConnection, type Way, type Weather } from './proxied-connection.js';

/** Which bytes a fault is about: those that clients send, those that the server sends, or both. */
export type Direction = Way | 'both';

/**
 * A bad network before a server, on a loopback port of its own. A fault holds for the connections that are open and
 * for those to come, until `heal`.
 *
 *     const proxy = await FaultProxy.before(servers.redis.url);
 *     const client = new Redis(proxy.url);
 *     proxy.loseBytes('to-client');
 */
export class FaultProxy {
  /** The server's URL, with the proxy's place in it. */
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #connections = new Set<ProxiedConnection>();
  readonly #weather: Weather = { latency: 0, loses: new Set(), lost: 0 };
  #resetsNew = false;

  private constructor(server: Server, target: URL) {
    this.#server = server.on('connection', (client: Socket) => this.#accept(client));
    this.port = (server.address() as AddressInfo).port;
    this.#target = { host: target.hostname.replace(/^\[|\]$/g, ''), port: Number(target.port) };
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    this.url = url.href;
  }

  /** `url`: with its port, even if that is the usual one. */
  static async before(url: string): Promise<FaultProxy> {
    if (new URL(url).port === '') throw new Error(`No port in ${url}`);
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await listen(server, 0);
    return new FaultProxy(server, new URL(url));
  }

  /** How many connections are open through it. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many bytes vanished in a black hole so far: to wait until a request is lost. */
  get lost(): number {
    return this.#weather.lost;
  }

  /** Ends every open connection with an RST: `ECONNRESET` at both ends. New ones are as before. */
  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** Accepts new connections and resets them at once: what a proxy before a dead server does. */
  resetNew(): void {
    this.#resetsNew = true;
  }

  /** New connections get `ECONNREFUSED`; open ones stay. */
  refuse(): void {
    this.#server.close();
  }

  /**
   * A black hole: bytes vanish, connections stay open, and nobody hears that the other end has gone. New ones are
   * accepted. A connection that lost bytes is of no use any more, and `heal` resets it.
   */
  loseBytes(direction: Direction = 'both'): void {
    const ways: readonly Way[] = direction === 'both' ? ['to-server', 'to-client'] : [direction];
    for (const way of ways) this.#weather.loses.add(way);
  }

  /**
   * A black hole for the replies of those connections that are open now and whose client sent these words among the
   * first: half open, as they say. Says how many there are. New ones are as before.
   */
  loseRepliesTo(words: string): number {
    const meant = [...this.#connections].filter((connection) => connection.began(words));
    for (const connection of meant) connection.loseReplies();
    return meant.length;
  }

  /** Every byte, each way, arrives so much later, in order. A request and its reply take twice as long. */
  delay(milliseconds: number): void {
    this.#weather.latency = milliseconds;
  }

  /**
   * Lets the next request pass, that contains `words` if any are given, and resets its connection instead of bringing
   * the reply: the server did what the client cannot know was done. Resolves when that has happened.
   */
  dropNextReply(words = ''): Promise<void> {
    return new Promise((dropped) => {
      this.#weather.trap = { words, dropped };
    });
  }

  /** Ends all faults. Connections that lost bytes are reset. */
  async heal(): Promise<void> {
    this.#weather.latency = 0;
    this.#weather.loses.clear();
    delete this.#weather.trap;
    for (const connection of this.#connections) connection.heal();
    this.#resetsNew = false;
    if (!this.#server.listening) await listen(this.#server, this.port);
  }

  /** Resets what is open and frees the port. */
  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#resetsNew) {
      client.on('error', () => {}).resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(client, server, this.#weather, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
