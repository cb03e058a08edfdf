import type { Socket } from 'node:net';

/** One way through the proxy. */
export type Way = 'to-server' | 'to-client';

/** How much of what a client sends is remembered: greetings, and what it subscribes to. */
const KNOWN_BYTES = 4_096;

/** One connection through the proxy: a socket to each side. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #weather: Weather;
  /** After a gap the rest would be nonsense: a way that lost something carries nothing more. */
  readonly #broken = new Set<Way>();
  /** Set once the request has passed whose reply is awaited, to be dropped. */
  #dropped: (() => void) | undefined;
  #firstSent = '';

  constructor(client: Socket, server: Socket, weather: Weather, onClose: () => void) {
    this.#client = client;
    this.#server = server;
    this.#weather = weather;
    this.#carry(client, server, 'to-server');
    this.#carry(server, client, 'to-client');
    client.once('close', () => server.destroyed && onClose());
    server.once('close', () => client.destroyed && onClose());
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  /** Whether the words were among the first things that its client sent. */
  began(words: string): boolean {
    return this.#firstSent.includes(words);
  }

  loseReplies(): void {
    this.#broken.add('to-client');
  }

  heal(): void {
    this.#dropped = undefined;
    if (this.#broken.size > 0) this.reset();
  }

  #carry(from: Socket, to: Socket, way: Way): void {
    let last = Promise.resolve();
    const late = (length: number, deliver: () => void) => {
      const arrived = after(this.#weather.latency);
      last = last.then(() => arrived).then(() => this.#pass(way, length, deliver));
    };
    from.on('data', (chunk: Buffer) => {
      if (way === 'to-client' && this.#dropped !== undefined) return this.#drop(this.#dropped);
      if (way === 'to-server') this.#note(chunk);
      if (way === 'to-server') this.#spring(chunk);
      late(chunk.length, () => to.write(chunk));
    });
    from.once('end', () => late(0, () => to.end()));
    // The other end hears of it as it would from the kernel.
    from.on('error', () => late(0, () => to.resetAndDestroy()));
  }

  #pass(way: Way, length: number, deliver: () => void): void {
    if (this.#weather.loses.has(way)) this.#broken.add(way);
    if (this.#broken.has(way)) this.#weather.lost += length;
    else deliver();
  }

  #note(request: Buffer): void {
    if (this.#firstSent.length < KNOWN_BYTES) this.#firstSent += request.toString('latin1');
  }

  #spring(request: Buffer): void {
    const { trap } = this.#weather;
    if (trap === undefined || !request.includes(trap.words)) return;
    delete this.#weather.trap;
    this.#dropped = trap.dropped;
  }

  #drop(dropped: () => void): void {
    this.#dropped = () => {};
    this.#client.resetAndDestroy();
    // Gently: a server that sees a reset might undo what it has only begun.
    this.#server.end();
    dropped();
  }
}

/** What all connections of one proxy go through. */
export interface Weather {
  /** Milliseconds. */
  latency: number;
  readonly loses: Set<Way>;
  /** Bytes, so far. */
  lost: number;
  /** The one request whose reply is not to arrive. */
  trap?: { readonly words: string; readonly dropped: () => void };
}

async function after(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
