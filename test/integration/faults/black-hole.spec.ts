import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import {
  beatOf,
  completionOf,
  jobOf,
  jobsOf,
  requestOf,
  scheduleOf,
} from '../../../lib/testing/contract/job-factories.js';
import type { Storage } from '../../../lib/storage/storage.js';
import { BadNetwork } from './bad-network.js';
import { eventually } from './eventually.js';
import { SERVER_STORAGES } from './server-storages.js';

/** After it a runner gives a call up; whoever calls a storage by himself should not wait longer either. */
const LIMIT = 10_000;

describe.concurrent.each(SERVER_STORAGES)('on $name', (row) => {
  it.for(['to-server', 'to-client', 'both'] as const)(
    'no call on connections that lose bytes %s waits for ever, and all is well afterwards',
    { timeout: 40_000 },
    async (direction, { onTestFinished }) => {
      const warnings = listenToWarnings(onTestFinished);
      const { proxy, storage, truth } = await BadNetwork.open(row, onTestFinished);
      const [first, second, ...rest] = jobsOf(20);
      if (first === undefined || second === undefined) throw new Error('no jobs');
      await storage.push([first, second, ...rest]);
      const { jobs } = await storage.pop(requestOf({ limit: 2, lease: 60_000 }));
      proxy.loseBytes(direction);
      const job = jobOf();
      const calls = callsOn(storage, job, jobs);
      const begun = performance.now();
      const ends = await Promise.allSettled(
        calls.map((call) => call().finally(() => expect(performance.now() - begun).toBeLessThan(LIMIT))),
      );
      for (const end of ends) {
        expect(end).toMatchObject({ status: 'rejected', reason: expect.any(StorageUnavailableError) });
      }
      await proxy.heal();
      // What took effect unheard is not done twice, and what did not is done now.
      await eventually('it answers', () =>
        storage.push([job]).then(
          () => true,
          () => undefined,
        ),
      );
      const lease = { id: first.id, token: 1 };
      expect((await storage.complete([completionOf(lease)])).results).toEqual(['recorded']);
      expect((await truth.stats()).map(({ ready, running }) => ready + running)).toEqual([20]);
      expect((await truth.list({ limit: 100 })).jobs.filter(({ id }) => id === job.id)).toHaveLength(1);
      expect(warnings).toEqual([]);
    },
  );
});

/** One call of each kind, none of which claims or ends what the test looks at. */
function callsOn(
  storage: Storage,
  job: ReturnType<typeof jobOf>,
  [first]: readonly { readonly id: string; readonly token: number }[],
): readonly (() => Promise<unknown>)[] {
  const lease = { id: first?.id ?? '', token: first?.token ?? 0 };
  return [
    () => storage.push([job]),
    () => storage.heartbeat(beatOf([lease], 60_000)),
    () => storage.complete([completionOf(lease)]),
    () => storage.pop(requestOf({ names: ['nobody'], queues: [{ queue: 'nobody', limit: 1 }] })),
    () => storage.rescue(10, 3),
    () => storage.info([lease.id]),
    () => storage.list({ limit: 10 }),
    () => storage.stats(),
    () => storage.now(),
    () => storage.putSchedules([scheduleOf()]),
    () => storage.prune(10),
  ];
}

/** Those of Node: of listeners that pile up, for one. */
function listenToWarnings(onEnd: (clean: () => void) => unknown): readonly string[] {
  const warnings: string[] = [];
  const hear = ({ name, message }: Error) => void (name === 'JobsWarning' || warnings.push(message));
  process.on('warning', hear);
  onEnd(() => void process.off('warning', hear));
  return warnings;
}
