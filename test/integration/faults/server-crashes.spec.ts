import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { QueueHandle } from '../../../lib/client/queue-handle.js';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import type { RunnerEvent } from '../../../lib/runtime/runner-event.js';
import type { PrivateServer } from '../../support/servers/private-server.js';
import { BadNetwork, Task } from './bad-network.js';
import { eventually } from './eventually.js';
import { SERVER_STORAGES } from './server-storages.js';

const CRASHES = 3;
const PRODUCERS = 8;
const LEASE = 1_000;
/** Milliseconds that the server is away, but for its start. */
const AWAY = 700;

describe.each(SERVER_STORAGES)('on $name', (row) => {
  it(
    'outlives a server that is killed under load, and loses nothing that was acknowledged',
    { timeout: 120_000 },
    async ({ onTestFinished, skip }) => {
      skip(row.noServer !== undefined, row.noServer);
      const server = await row.start();
      onTestFinished(() => server.stop());
      const network = await BadNetwork.open(row, onTestFinished, server.url);
      const { truth, near } = network;
      const { runner, events } = await network.run(() => wait(20), { lease: LEASE, storage: truth });
      const acknowledged: string[] = [];
      const producing = new AbortController();
      const producers = Array.from({ length: PRODUCERS }, () =>
        produce(near, acknowledged, producing.signal),
      );
      for (let crash = 0; crash < CRASHES; crash += 1) {
        const before = acknowledged.length;
        await eventually('jobs are stored', () => acknowledged.length > before + 10 * PRODUCERS);
        await eventually('jobs run', () => runner.running().length > 0);
        // An outage is told once, until everything has answered again.
        await eventually('the runner is well', () => runner.isHealthy);
        await killAtOnce(server);
        await wait(AWAY);
        await startAgain(server);
      }
      const before = completedOf(events).length;
      await eventually('jobs are completed again', () => completedOf(events).length > before);
      producing.abort();
      await Promise.all(producers);
      await eventually('all has ended', async () => {
        const stats = await truth.stats();
        return stats.every(({ ready, running, retrying }) => ready + running + retrying === 0);
      });
      const records = (await truth.info(acknowledged)).flatMap((record) => record ?? []);
      expect(records.length, 'acknowledged and there').toBe(acknowledged.length);
      expect(records.filter(({ state, attempt }) => state !== 'completed' || attempt > 0)).toEqual([]);
      const tokens = new Map(records.map(({ id, token }) => [id, token]));
      // Completed under an older lease: then what was told is not what is stored.
      expect(
        completedOf(events).filter(({ id, token }) => tokens.get(id) !== token && tokens.has(id)),
      ).toEqual([]);
      // Not of each crash: a call that was not under way just then waits until the server is back, and succeeds.
      expect(events.some(({ kind }) => kind === 'storage-down')).toBe(true);
      await eventually('the runner is well', () => runner.isHealthy);
    },
  );
});

async function produce(queue: QueueHandle, acknowledged: string[], signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const pushed = await queue.queue(new Task(n)).catch((error: unknown) => {
      // The server was away for longer than a call may take: whoever called was told.
      if (!(error instanceof StorageUnavailableError)) throw error;
    });
    if (pushed) acknowledged.push(pushed.id);
    await wait(5);
  }
}

function completedOf(events: readonly RunnerEvent[]) {
  return events.flatMap((event) => (event.kind === 'completed' ? [event.job] : []));
}

/** Not even told to go: as when the kernel kills it for its memory. */
async function killAtOnce(server: PrivateServer): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await eventually('it is gone', () => {
    try {
      return server.pid === 0;
    } catch {
      return true;
    }
  });
}

/** The sessions of a PostgreSQL that was killed need a moment to notice, and until then it does not start. */
async function startAgain(server: PrivateServer): Promise<void> {
  await eventually('it starts again', () =>
    server.restart().then(
      () => true,
      () => undefined,
    ),
  );
}
