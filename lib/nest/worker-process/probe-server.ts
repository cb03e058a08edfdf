import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProbeOptions } from './run-worker-options.js';

/** What a probe is answered. */
export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly contentType: string;
  readonly body: string;
}

/** By path, such as `/livez`. */
export type ProbeRoutes = Readonly<Record<string, () => Promise<ProbeAnswer>>>;

/** Answers probes from before the application boots until it has closed. */
export class ProbeServer {
  readonly #routes: ProbeRoutes;
  readonly #server: Server;

  constructor(routes: ProbeRoutes) {
    this.#routes = routes;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Resolves with the port. Rejects when it is taken. */
  async listen({ port, host }: Required<ProbeOptions>): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?');
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
    if (route === undefined) return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
    try {
      const { status, contentType, body } = await route();
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
    } catch {
      // Whoever asks is told by the code alone: an error may name what is not for everybody.
      response.writeHead(500).end();
    }
  }
}
