import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { QueueHandle } from '../../lib/client/queue-handle.js';
import { ScheduleControl } from '../../lib/client/schedule-control.js';
import { SqliteStorage } from '../../lib/drivers/sqlite/index.js';
import { startSample } from './sample.js';
import { freePort } from '../support/servers/free-port.js';
import { until } from './until.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

it('queues, runs, schedules, tells how it is, and lets a job end before it stops', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'without-nest-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const path = join(folder, 'jobs.db');
  const port = await freePort();
  const sample = startSample('08-without-nest', { JOBS_DB: path, PORT: String(port) });
  cleanups.push(() => sample.end('SIGTERM'));
  const seen = () => sample.output;
  await until('it works', () => sample.output.includes('works, and listens'), { seen });
  const url = `http://127.0.0.1:${port}`;
  const statusOf = async (route: string) => (await fetch(url + route)).status;
  expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/other')]).toEqual([
    200, 200, 404,
  ]);

  const queued = await fetch(`${url}/welcome?email=ada@example.com`, { method: 'POST' });
  const { id } = (await queued.json()) as { id: string };
  await until('the job has begun', () => sample.output.includes('welcome-email started'), { seen });
  // Two signals for one press of Ctrl-C, as npm has it: other ones here, since two of a kind may arrive as one.
  sample.send('SIGINT');
  expect(await sample.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(sample.output).toMatch(/welcome-email started\n(.*\n)*welcome-email completed/);

  const storage = new SqliteStorage({ path });
  await storage.open();
  cleanups.push(() => storage.close());
  expect(await new QueueHandle(storage).info(id)).toMatchObject({
    state: 'completed',
    result: { sentTo: 'ada@example.com' },
  });
  // Seven on the wall of Berlin.
  const [next] = await new ScheduleControl(storage).coming('daily-report', 1);
  expect(next?.toISOString()).toMatch(/T0[56]:00:00.000Z$/);
});
