import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { QueueHandle, Runner } from 'nestjs-background-jobs/core';
import { WelcomeEmail } from './jobs.js';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The probes of an orchestrator, and two routes of the application. Any framework would do. Rejects when the port is taken. */
export async function serve(port: number, jobs: QueueHandle, runner: Runner): Promise<Server> {
  const server = createServer((request, response) => {
    // A storage that does not answer is no reason to end: its jobs wait for it, and so can whoever asks.
    const answered = answer(request, jobs, runner).catch((error: unknown) => ({
      status: 503,
      body: String(error),
    }));
    void answered.then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return server;
}

async function answer(
  { method, url = '/' }: IncomingMessage,
  jobs: QueueHandle,
  runner: Runner,
): Promise<Answer> {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  switch (`${method} ${pathname}`) {
    case 'GET /livez':
      // Asks no storage: an outage of it must not restart every worker.
      return { status: 200, body: 'alive' };
    case 'GET /readyz':
      return runner.isHealthy ? { status: 200, body: 'ready' } : { status: 503, body: 'not ready' };
    case 'POST /welcome':
      return { status: 202, body: await jobs.queue(new WelcomeEmail(searchParams.get('email') ?? '')) };
    case 'GET /jobs':
      return { status: 200, body: await jobs.stats() };
    default:
      return { status: 404, body: 'unknown' };
  }
}
