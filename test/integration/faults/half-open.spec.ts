import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RunnerEvent } from '../../../lib/runtime/runner-event.js';
import { BadNetwork, Task } from './bad-network.js';
import { eventually } from './eventually.js';
import { SERVER_STORAGES, type ServerStorage } from './server-storages.js';

const POLL = 400;
/** A pause between two looks is chance's by a quarter; the rest is for the machine. */
const LONGEST_DELAY = POLL * 1.25 + 500;
const JOBS = 5;
/** No poll comes to help. */
const NEVER = 600_000;
/** Longer than it takes any driver to notice: a pause between two checks, and the wait for an answer. */
const NOTICED_WITHIN = 25_000;

describe.concurrent.each(SERVER_STORAGES)(
  'on $name, with the connection that hears of news half open',
  (row) => {
    it('no job waits longer than until the next look', async ({ onTestFinished }) => {
      const { network, startOf } = await listening(row, onTestFinished, POLL);
      expect(network.proxy.loseRepliesTo(row.listens)).toBe(1);
      for (let n = 0; n < JOBS; n += 1) {
        const begun = performance.now();
        await startOf((await network.near.queue(new Task(n))).id);
        expect(performance.now() - begun, 'milliseconds until the job ran').toBeLessThan(LONGEST_DELAY);
      }
      expect(network.proxy.lost, 'bytes of news that were lost').toBeGreaterThan(0);
    });

    it(
      'it is noticed and made anew, though no poll comes',
      { timeout: 60_000 },
      async ({ onTestFinished }) => {
        const { network, startOf } = await listening(row, onTestFinished, NEVER);
        expect(network.proxy.loseRepliesTo(row.listens)).toBe(1);
        const { id } = await network.near.queue(new Task());
        await startOf(id, NOTICED_WITHIN);
        expect(network.proxy.lost, 'bytes of news that were lost').toBeGreaterThan(0);
        // From now on as if nothing had been.
        await startOf((await network.near.queue(new Task())).id, 2_000);
      },
    );
  },
);

/** A runner that has heard of a job of somebody else's, and has nothing more to do. */
async function listening(
  row: ServerStorage,
  onEnd: (clean: () => Promise<void>) => unknown,
  pollInterval: number,
) {
  const network = await BadNetwork.open(row, onEnd);
  const { events } = await network.run(() => {}, { pollInterval });
  const isStart = (event: RunnerEvent, id: string) => event.kind === 'started' && event.job.id === id;
  const startOf = (id: string, within?: number) =>
    eventually(`job ${id} runs`, () => events.some((event) => isStart(event, id)), within);
  await eventually('it listens', async () => {
    const { id } = await network.near.queue(new Task());
    return startOf(id, POLL / 4).then(
      () => true,
      () => undefined,
    );
  });
  await eventually('it is idle', async () => {
    const stats = await network.truth.stats();
    return stats.every(({ ready, running }) => ready + running === 0);
  });
  // Its last question, which would find the next job, has been answered.
  await wait(100);
  return { network, startOf };
}
