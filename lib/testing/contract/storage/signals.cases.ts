import assert from 'node:assert/strict';
import type { Signal } from '../../../storage/signal.js';
import type { Storage } from '../../../storage/storage.js';
import type { ContractCase } from '../contract-case.js';
import type { ContractContext } from '../contract-context.js';
import { completionOf, jobOf, jobsOf, LEASE, retryingIn, scheduleOf } from '../job-factories.js';
import { start, pairOf } from '../looking.js';

export const signalsCases: readonly ContractCase[] = [
  {
    name: 'subscribe: this process hears of jobs that are ready, of what should end, and of schedules',
    async run(context) {
      const { storage } = context;
      const heard = listen(storage);
      await storage.push([jobOf({ queue: 'mail' })]);
      await heardOf(context, heard, 'ready', 'mail');
      const leased = await start(storage);
      await storage.cancel([leased.id], '');
      await heardOf(context, heard, 'cancel');
      await storage.putSchedules([scheduleOf()]);
      await heardOf(context, heard, 'schedule');
      heard.length = 0;
      await storage.removeSchedules(['nightly']);
      await heardOf(context, heard, 'schedule');
    },
  },
  {
    name: 'subscribe: a schedule that a step moves to an earlier time is told',
    async run(context) {
      const { storage } = context;
      const heard = listen(storage);
      await storage.putSchedules([scheduleOf({ firstIn: 60_000 })]);
      // Some of the news may be of the listener's own beginning, so that the first is no proof yet.
      for (let round = 0; round < 4; round++) {
        const [{ nextAt: expected } = { nextAt: 0 }] = await storage.schedules();
        heard.length = 0;
        const step = { key: 'nightly', expected, watermark: 0, nextAt: expected - 10_000, jobs: [] };
        assert.deepEqual(await storage.fire([step]), [true]);
        await heardOf(context, heard, 'schedule');
      }
    },
  },
  {
    name: 'subscribe: whatever makes a job ready is told: release, retry, rescue, promotion, resume, a fired tick',
    async run(context) {
      const { storage } = context;
      const leased = await start(storage);
      const heard = listen(storage);
      const told = async (act: () => Promise<unknown>, queue = 'default') => {
        heard.length = 0;
        await act();
        await heardOf(context, heard, 'ready', queue);
      };
      await told(() => storage.release([leased]));
      await storage.cancel([leased.id], '');
      await told(() => storage.retry([leased.id]));
      const later = jobOf({ due: { in: 60_000 } });
      await storage.push([later]);
      await told(() => storage.change([later.id], { delay: 0 }));
      await told(() => storage.change([later.id], { queue: 'elsewhere' }), 'elsewhere');
      await storage.pause('elsewhere', '');
      await told(() => storage.resume('elsewhere'), 'elsewhere');
      const stalled = await start(storage, { queue: 'stalling' });
      await storage.heartbeat({ runner: BEATER, lease: LEASE, leases: [stalled] });
      await context.advance(LEASE + 10);
      await told(() => storage.rescue(10, 3), 'stalling');
      await storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      const { nextAt } = (await storage.dueSchedules(1)).due[0] ?? { nextAt: 0 };
      const jobs = [jobOf({ queue: 'ticking' })];
      await told(
        () =>
          storage.fire([{ key: 'nightly', expected: nextAt, watermark: nextAt, nextAt: nextAt + 1, jobs }]),
        'ticking',
      );
      const failed = await start(storage, { queue: 'failing' });
      await told(() => storage.complete([completionOf(failed, retryingIn(0))]), 'failing');
    },
  },
  {
    name: 'subscribe: other processes hear of new jobs and of what should end',
    needs: 'signals',
    async run(context) {
      const [here, there] = await pairOf(context);
      const heard = listen(there);
      for (const job of jobsOf(3, { queue: 'mail' })) {
        heard.length = 0;
        await here.push([job]);
        await heardOf(context, heard, 'ready', 'mail');
      }
      const leased = await start(here);
      await here.cancel([leased.id], '');
      await context.eventually(
        () => heard.some(({ kind }) => kind === 'cancel' || kind === 'ready'),
        'news of the cancel',
      );
    },
  },
  {
    name: 'subscribe: a listener that throws keeps the news from nobody, and breaks no write',
    async run(context) {
      const { storage } = context;
      storage.subscribe(() => {
        throw new Error('a listener that is broken');
      });
      const heard = listen(storage);
      const job = jobOf();
      assert.deepEqual(await storage.push([job]), [{ id: job.id, duplicate: false }]);
      await heardOf(context, heard, 'ready');
    },
  },
  {
    name: 'subscribe: once stopped, nothing more is heard, and stopping twice does no harm',
    async run(context) {
      const { storage } = context;
      const [stopped, listening]: [Signal[], Signal[]] = [[], listen(storage)];
      const stop = storage.subscribe((signal) => stopped.push(signal));
      await storage.push([jobOf()]);
      await heardOf(context, stopped, 'ready');
      stop();
      stop();
      stopped.length = 0;
      listening.length = 0;
      await storage.push([jobOf()]);
      await heardOf(context, listening, 'ready');
      assert.deepEqual(stopped, []);
    },
  },
  {
    name: 'subscribe: may be asked for before the storage is opened',
    async run(context) {
      const storage = context.unopened();
      const heard = listen(storage);
      await storage.open();
      await storage.push([jobOf()]);
      await heardOf(context, heard, 'ready');
    },
  },
];

const BEATER = { id: 'runner', host: 'h', pid: 1, startedAt: 0, queues: {}, names: [] };

function listen(storage: Storage): Signal[] {
  const heard: Signal[] = [];
  storage.subscribe((signal) => heard.push(signal));
  return heard;
}

async function heardOf(
  context: ContractContext,
  heard: readonly Signal[],
  kind: Signal['kind'],
  queue?: string,
) {
  const fits = (signal: Signal) =>
    signal.kind === kind &&
    !(signal.kind === 'ready' && queue && signal.queues && !signal.queues.includes(queue));
  await context.eventually(() => heard.some(fits), `the signal ${kind} of ${queue ?? 'anything'}`);
}
