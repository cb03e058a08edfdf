import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineJob } from 'nestjs-background-jobs/core';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import type { Actor } from './actor.js';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

class Long {}
defineJob(Long, { name: 'long' });

const WORKERS = { default: 2 };

let stage: Stage;
beforeEach(async () => {
  const [shared] = SHARED_STORAGES;
  if (shared === undefined) throw new Error('No storage is shared');
  stage = await Stage.open(shared);
});
afterEach(() => stage.close());

it('answers probes, is not ready while it drains, and ends with code 0', async () => {
  const { worker, probe } = await start({ workers: WORKERS });
  await until('it is up', () => stage.lines('up')[0], { seen: stage.story });
  expect(await probe('/livez')).toBe(200);
  expect(await probe('/readyz')).toBe(200);
  expect(await probe('/metrics')).toBe(404);
  expect(await probe('/readyz', 'POST')).toBe(405);
  expect(await probe('/constructor')).toBe(404);

  const { id } = await stage.jobs.queue(new Long());
  await until('the job runs', () => stage.lines('long-started')[0], { seen: stage.story });
  worker.send('SIGTERM');
  await until('it is not ready', async () => (await probe('/readyz')) === 503, { seen: stage.story });
  expect(await probe('/livez'), 'alive while it drains').toBe(200);
  expect(stage.lines('long-aborted'), 'still within the grace').toEqual([]);

  expect(await worker.ended, stage.story()).toEqual({ code: 0, signal: null });
  expect(stage.lines('closed')).toMatchObject([{ reason: 'SIGTERM' }]);
  expect(await stage.jobs.info(id)).toMatchObject({ state: 'ready', attempts: 0 });
});

it('is alive but not ready while it boots, and a signal then ends it once it has', async () => {
  const { worker, probe } = await start({ workers: WORKERS, slowBoot: true });
  await until('it boots', () => stage.lines('booting')[0], { seen: stage.story });
  expect(await probe('/livez')).toBe(200);
  expect(await probe('/readyz')).toBe(503);
  worker.send('SIGINT');
  expect(await probe('/livez'), 'it has not ended').toBe(200);
  worker.tell('go on');
  expect(await worker.ended, stage.story()).toEqual({ code: 0, signal: null });
  expect(stage.lines('closed')).toMatchObject([{ reason: 'SIGINT' }]);
});

it('gives out metrics when asked to, and loads nothing for them otherwise', async () => {
  const port = await freePort();
  const lean = await start({ workers: WORKERS });
  await until('it is up', () => stage.lines('up')[0], { seen: stage.story });
  expect(stage.lines('up')).toMatchObject([{ reason: 'lean' }]);
  await lean.worker.end('SIGTERM');

  const { worker } = await start({ workers: WORKERS, prometheus: true }, { port, metrics: true });
  await until('it is up', () => stage.lines('up')[1], { seen: stage.story });
  expect(stage.lines('up')[1]).toMatchObject({ reason: 'loaded' });
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await response.text()).toContain('jobs_worker_slots{queue="default"} 2');
  await worker.end('SIGTERM');
});

it.each([
  ['takes no jobs', { workers: false }, {}, 'the application takes no jobs'],
  ['has no metrics to give out', { workers: WORKERS }, { metrics: true }, 'set the option prometheus: true'],
  ['gets an impossible option', { workers: WORKERS }, { port: -1 }, 'probes.port -1'],
  ['gets an unknown option', { workers: WORKERS }, { prot: 1 }, "Did you mean 'port'"],
])('ends with code 1 when it %s, and says so', async (_, settings, probes, message) => {
  const { worker } = await start(settings, probes);
  expect(await worker.ended, stage.story()).toEqual({ code: 1, signal: null });
  expect(worker.output).toContain(message);
});

it('ends with code 1 when its port is taken', async () => {
  const server = createServer();
  const port = await listen(server);
  onTestFinished(() => void server.close());
  const { worker } = await start({ workers: WORKERS }, { port });
  expect(await worker.ended, stage.story()).toEqual({ code: 1, signal: null });
  expect(worker.output).toContain('EADDRINUSE');
});

async function start(
  settings: object,
  probes: object = {},
): Promise<{ worker: Actor; probe: (path: string, method?: string) => Promise<number | undefined> }> {
  const port = await freePort();
  const worker = stage.spawn('worker-process.mjs', {
    grace: 2_000,
    probes: { port, ...probes },
    ...settings,
  });
  const probe = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method }).then(
      ({ status }) => status,
      () => undefined,
    );
  return { worker, probe };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
