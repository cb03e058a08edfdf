import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { SqliteStorage } from '../../lib/drivers/sqlite/index.js';
import { startSample } from './sample.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

it('shows turns, a rate, reports, a nightly schedule and the return of the dead, again and again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'control-sample-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const path = join(folder, 'newsletter.db');
  for (let time = 1; time <= 2; time++) {
    const sample = startSample('04-control', { JOBS_DB: path });
    cleanups.push(() => sample.end('SIGTERM'));
    expect(await sample.ended, sample.output).toEqual({ code: 0, signal: null });
    const { output } = sample;
    expect(output).toContain('acme: 9 sent, 1 dead');
    expect(output).toContain('globex: 72 sent, 8 dead');
    // Ten turns of acme, and as many of globex between them, beside what globex had before acme came.
    expect(numberIn(output, /(\d+) copies of globex are not sent yet/)).toBeGreaterThanOrEqual(40);
    // At the start forty may go, after a second forty more, and the last ten after another.
    expect(numberIn(output, /90 copies at 40 a second: (\d+) ms/)).toBeGreaterThanOrEqual(2_000);
    expect(output).toMatch(
      /9 copies are dead:\n {2}9 x non-retryable, fingerprint [0-9a-f]{12}: 550 the domain/,
    );
    expect(output).toMatch(/takes 1600 ms:\n {2}9 brought back, 0 left dead/);
    expect(output).toMatch(/wall of Berlin: \S+T0[12]:00:00.000Z, \S+T0[12]:00:00.000Z/);
    expect(output).toContain('and now, by hand: 90 copies sent until');
  }

  const storage = new SqliteStorage({ path });
  await storage.open();
  cleanups.push(() => storage.close());
  const queues = await storage.stats();
  expect(queues.map(({ queue, ready, running, dead }) => ({ queue, ready, running, dead }))).toEqual([
    { queue: 'default', ready: 0, running: 0, dead: 0 },
    { queue: 'mail', ready: 0, running: 0, dead: 0 },
  ]);
});

function numberIn(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1]);
}
