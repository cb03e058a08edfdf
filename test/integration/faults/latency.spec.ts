import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BadNetwork, Task } from './bad-network.js';
import { eventually } from './eventually.js';
import { SERVER_STORAGES } from './server-storages.js';

/** Each way, so that a question takes twice as long. */
const LATENCY = 50;
/** A third of it is from beat to beat: a connection that has to be made first, in several questions, has to fit in. */
const LEASE = 2_000;
const JOBS = 20;

describe.concurrent.each(SERVER_STORAGES)('on $name', (row) => {
  it(`keeps its leases ${LATENCY} ms away from the server`, async ({ onTestFinished }) => {
    const network = await BadNetwork.open(row, onTestFinished);
    const { events } = await network.run(() => wait(2.5 * LEASE), { lease: LEASE, queues: { tasks: JOBS } });
    network.proxy.delay(LATENCY);
    const tasks = Array.from({ length: JOBS }, (_, n) => new Task(n));
    const ids = (await network.far.queueAll(tasks)).map(({ id }) => id);
    const records = await eventually('all completed', async () => {
      const found = (await network.truth.info(ids)).flatMap((record) => record ?? []);
      return found.every(({ state }) => state === 'completed') ? found : undefined;
    });
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => !['started', 'completed'].includes(kind))).toEqual([]);
    expect(records.map(({ token, stalls, attempt }) => [token, stalls, attempt])).toEqual(
      ids.map(() => [1, 0, 0]),
    );
  });
});
