import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Work } from './fixtures/jobs.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const WARM_UP = 5;
const SAMPLES = 20;
/** The bench tells how long it takes; a busy machine may take some times as long. Half a poll is five times this. */
const WOKEN_WITHIN = 100;
/** Longer than any storage holds news back after the last: the queue is idle. Milliseconds. */
const IDLE = 70;

let stage: Stage;
describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('wakes an idle process for a job of another process, long before it would have polled', async () => {
    stage.spawn('worker.mjs', { slots: 2, lease: 30_000 });
    await until('the worker is up', () => stage.lines('up').length === 1, { seen: stage.story });
    const delays: number[] = [];
    for (let sample = 0; sample < WARM_UP + SAMPLES; sample++) delays.push(await delayOfOne());
    const median = delays.slice(WARM_UP).toSorted((a, b) => a - b)[SAMPLES / 2] ?? Infinity;
    console.info(`From queue() to the start in another process: median ${median.toFixed(1)} ms`);
    expect(median, `median of ${delays.map((delay) => delay.toFixed(1)).join(', ')} ms`).toBeLessThan(
      WOKEN_WITHIN,
    );
  });
});

/** From the call of `queue` to the start of the run, so that the commit counts too. */
async function delayOfOne(): Promise<number> {
  await sleep(IDLE);
  const calledAt = performance.timeOrigin + performance.now();
  const { id } = await stage.jobs.queue(new Work(0));
  const isOurs = (line: { readonly id?: string }) => line.id === id;
  const started = await until('it started', () => stage.lines('started').find(isOurs), { seen: stage.story });
  await until('it completed', () => stage.lines('completed').some(isOurs), { seen: stage.story });
  return started.at - calledAt;
}
