import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Actor } from './actor.js';
import { sqlite } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../sample/dist/01-quickstart/main.js', import.meta.url));

interface Answer {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly stalls: number;
  readonly progress?: { readonly page: number };
  readonly result?: unknown;
}

let stage: Stage;
let port: number;
beforeEach(async () => {
  stage = await Stage.open(sqlite);
  port = await freePort();
});
afterEach(() => stage.close());

it('does what its terminal promises, also after kill -9 in the middle of a report', async () => {
  const first = await start();
  for (const path of ['/signup', '/reports', '/sync', '/jobs', '/jobs/ID', `kill -9 ${first.pid}`]) {
    expect(first.output, 'what the terminal shows').toContain(path);
  }
  const mail = await call('POST', '/signup', { email: 'ada@example.com' });
  // curl sends no body unless it is told one.
  const another = await call('POST', '/signup');
  const sync = await call('POST', '/sync');
  expect(await ended(mail.id)).toMatchObject({ state: 'completed', attempts: 0 });
  expect(await ended(another.id)).toMatchObject({ state: 'completed', attempts: 0 });
  expect(first.output).toContain('"Welcome" sent to ada@example.com');
  // It fails twice and works the third time.
  expect(await ended(sync.id)).toMatchObject({ state: 'completed', attempts: 2, result: { orders: 42 } });
  expect(first.output).toContain('at attempt 3');

  const report = await call('POST', '/reports', { month: '2030-01', pages: 4 });
  await until('the report is under way', () => hasProgress(report.id), { seen: stage.story });
  await first.end('SIGKILL');
  const second = await start();
  const finished = await ended(report.id);
  expect(finished).toMatchObject({ state: 'completed', attempts: 0, result: { pages: 4 } });
  expect(second.output).toContain(report.id);
  expect(await second.end('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
});

async function start(): Promise<Actor> {
  const app = stage.run(MAIN, [], { PORT: String(port), JOBS_DB: stage.url });
  await until('the app says that it is up', () => app.output.includes('A few jobs to begin with'), {
    seen: stage.story,
  });
  return app;
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  expect(response.ok, `${method} ${path} answered ${response.status}`).toBe(true);
  return (await response.json()) as Answer;
}

function ended(id: string): Promise<Answer> {
  return until(
    `job ${id} ended`,
    async () => {
      const job = await call('GET', `/jobs/${id}`);
      return ['completed', 'dead', 'cancelled'].includes(job.state) ? job : undefined;
    },
    { within: 25_000, seen: stage.story },
  );
}

async function hasProgress(id: string): Promise<boolean> {
  const { progress } = await call('GET', `/jobs/${id}`);
  return progress !== undefined && progress.page >= 1;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
