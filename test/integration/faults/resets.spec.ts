import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BadNetwork, Task } from './bad-network.js';
import { eventually } from './eventually.js';
import { SERVER_STORAGES } from './server-storages.js';

const RESETS = 20;
const PRODUCERS = 8;
const LEASE = 1_000;

describe.each(SERVER_STORAGES)('on $name', (row) => {
  it('goes on by itself when all connections are reset again and again, and loses nothing', async ({
    onTestFinished,
  }) => {
    const network = await BadNetwork.open(row, onTestFinished);
    const { proxy, far, truth } = network;
    const { runner, events } = await network.run(() => wait(20), { lease: LEASE });
    const acknowledged: string[] = [];
    const producing = new AbortController();
    const produce = async () => {
      while (!producing.signal.aborted) {
        acknowledged.push((await far.queue(new Task(acknowledged.length))).id);
        await wait(10);
      }
    };
    const producers = Array.from({ length: PRODUCERS }, produce);
    for (let reset = 0; reset < RESETS; reset += 1) {
      const before = acknowledged.length;
      // Each time at work again, or a reset would meet nothing.
      await eventually('it goes on', () => acknowledged.length > before + PRODUCERS);
      await wait((reset * 7) % 50);
      proxy.reset();
    }
    producing.abort();
    await Promise.all(producers);
    await eventually('all has ended', async () => {
      const open = (await truth.stats()).map(({ ready, running, retrying }) => ready + running + retrying);
      return open.every((count) => count === 0);
    });
    const records = (await truth.info(acknowledged)).flatMap((record) => record ?? []);
    expect(records.length, 'acknowledged and there').toBe(acknowledged.length);
    const odd = records.filter(({ state, attempt }) => state !== 'completed' || attempt > 0);
    expect(odd).toEqual([]);
    const completed = events.flatMap((event) => (event.kind === 'completed' ? [event.job.id] : []));
    expect(completed.length, 'told of twice').toBe(new Set(completed).size);
    await eventually('the runner is well', () => runner.isHealthy);
  });
});
