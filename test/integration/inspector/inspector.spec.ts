import {
  defineJob,
  JobInspector,
  QueueHandle,
  Runner,
  type JobHandler,
  type Settlement,
  type Storage,
} from 'nestjs-background-jobs/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContractContext } from '../../../lib/testing/contract/contract-context.js';
import { completionOf, deadFor, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { STORAGES, type StorageRow } from '../../support/storages.js';

class Mail {
  constructor(readonly to = 'ada') {}
}
const mail = defineJob(Mail, { name: 'mail', queue: 'mail' });

async function setUp(row: StorageRow) {
  const subject = await row.create();
  const context = await ContractContext.open(subject);
  onTestFinished(async () => {
    await context.close();
    await subject.dispose();
  });
  const { storage } = context;
  return { context, storage, jobs: new QueueHandle(storage), inspector: new JobInspector(storage) };
}

async function queued(jobs: QueueHandle, count: number, options = {}): Promise<string[]> {
  const pushed = await jobs.queueAll(
    Array.from({ length: count }, (_, nth) => new Mail(`${nth}`)),
    options,
  );
  return pushed.map(({ id }) => id);
}

function take(storage: Storage, limit = 1_000) {
  return storage.pop(requestOf({ names: ['mail'], queues: [{ queue: 'mail', limit }] }));
}

async function dead(storage: Storage, jobs: QueueHandle, count: number): Promise<string[]> {
  const ids = await queued(jobs, count);
  const { jobs: leased } = await take(storage);
  await storage.complete(leased.map((lease) => completionOf(lease, deadFor())));
  return ids;
}

for (const row of STORAGES) {
  describe(`an inspector on the ${row.name} storage`, () => {
    it('lists, counts and goes through the jobs that match', async () => {
      const { jobs, inspector } = await setUp(row);
      await queued(jobs, 3, { queue: 'other' });
      const ids = await queued(jobs, 7);
      const { id } = await jobs.queue(new Mail(), { unique: { key: 'ada' } });
      const newestFirst = [id, ...ids.toReversed()];
      const { jobs: page, cursor = '' } = await inspector.list(
        { queue: 'mail', state: 'ready' },
        { limit: 5 },
      );
      const { jobs: rest, cursor: end } = await inspector.list({ queue: 'mail' }, { limit: 5, cursor });
      expect([...page, ...rest].map((job) => job.id)).toEqual(newestFirst);
      expect(end).toBeUndefined();
      expect(page[0]).toEqual(await jobs.info(id));
      const walked: string[] = [];
      for await (const job of inspector.each({ queue: 'mail' })) walked.push(job.id);
      expect(walked).toEqual(newestFirst);
      expect(await inspector.count({ queue: 'mail' }, { upTo: 7 })).toEqual({ count: 7, isExact: false });
      expect(await inspector.count({ name: 'mail' })).toEqual({ count: 11, isExact: true });
      expect(await inspector.count({ name: 'mail', uniqueKey: 'ada' })).toEqual({ count: 1, isExact: true });
    });

    it('finds jobs by their last failure, by text and by time, and acts on them', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      await dead(storage, jobs, 3);
      const before = new Date(await storage.now());
      const [odd = ''] = await queued(jobs, 1);
      const { jobs: leased } = await take(storage);
      const failure = { name: 'Error', message: 'Something else' };
      const settlement = { ...deadFor(), failure } as Settlement;
      await storage.complete(leased.map((lease) => completionOf(lease, settlement)));
      const { fingerprint } = (await inspector.info(odd))?.errors.at(-1) ?? {};
      const filter = { state: 'dead', fingerprint: fingerprint ?? '' } as const;
      expect((await inspector.list(filter)).jobs.map(({ id }) => id)).toEqual([odd]);
      expect(await inspector.count({ text: '"1"'.slice(1, -1), state: 'dead' })).toMatchObject({ count: 1 });
      const sooner = await inspector.count({ enqueuedBefore: before });
      const later = await inspector.count({ enqueuedAfter: before });
      expect(sooner.count + later.count).toBe(4);
      expect(await inspector.remove(filter, { dryRun: true })).toMatchObject({ count: 1, isExact: true });
      expect(await inspector.remove(filter)).toMatchObject({ done: 1, end: 'all' });
      expect(await inspector.count({ state: 'dead' })).toEqual({ count: 3, isExact: true });
    });

    it('brings dead jobs back at a rate, into another queue, and tells before what they died of', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      const ids = await dead(storage, jobs, 60);
      const preview = await inspector.redrive(
        { queue: 'mail' },
        { dryRun: true, rate: '20/s', sampleSize: 1 },
      );
      expect(preview).toMatchObject({ count: 60, isExact: true, lasts: 2_950, sample: [{ id: ids.at(-1) }] });
      expect(preview.causes).toMatchObject([
        {
          name: 'mail',
          reason: 'retries-exhausted',
          count: 60,
          sample: { errors: [{ message: 'It broke' }] },
        },
      ]);
      const summary = await inspector.redrive({ queue: 'mail' }, { rate: '20/s', queue: 'rerun' });
      expect(summary).toEqual({ done: 60, requested: 0, refused: 0, unknown: 0, end: 'all' });
      const { jobs: records } = await storage.list({ queue: 'rerun', limit: 100 });
      const times = records.map(({ runAt }) => runAt).toSorted((a, b) => a - b);
      expect(times).toHaveLength(60);
      for (const [nth, time] of times.entries()) {
        expect(time - (times[nth - 20] ?? -Infinity)).toBeGreaterThanOrEqual(1_000);
      }
      expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_950);
      expect(records.every(({ attempt }) => attempt === 0)).toBe(true);
    });

    it('starts jobs again in another queue, and later', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      const [first = '', second = ''] = await dead(storage, jobs, 2);
      expect(await inspector.retry([first], { queue: 'slow', delay: '1h' })).toMatchObject([
        { outcome: 'done' },
      ]);
      expect(await inspector.info(first)).toMatchObject({ queue: 'slow', state: 'scheduled' });
      await inspector.retry({ state: 'dead', queue: 'mail' }, { queue: 'slow' });
      expect(await inspector.info(second)).toMatchObject({ queue: 'slow', state: 'ready' });
    });

    it('answers for each id, also when one stands twice', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      const [ended = ''] = await dead(storage, jobs, 1);
      const [running = '', waiting = '', doomed = ''] = await queued(jobs, 3);
      await take(storage, 1);
      const results = await inspector.cancel([ended, running, 'nobody', doomed, doomed]);
      expect(results).toEqual([
        { id: ended, outcome: 'refused', state: 'dead' },
        { id: running, outcome: 'requested' },
        { id: 'nobody', outcome: 'unknown' },
        { id: doomed, outcome: 'done' },
        { id: doomed, outcome: 'refused', state: 'cancelled' },
      ]);
      expect(await inspector.retry([doomed, waiting])).toEqual([
        { id: doomed, outcome: 'done' },
        { id: waiting, outcome: 'refused', state: 'ready' },
      ]);
      expect(await inspector.remove([running, ended, ended])).toEqual([
        { id: running, outcome: 'refused', state: 'running' },
        { id: ended, outcome: 'done' },
        { id: ended, outcome: 'unknown' },
      ]);
    });

    it('promotes, reprioritises and moves', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      const [first = '', second = '', third = ''] = await queued(jobs, 3);
      const [later = ''] = await queued(jobs, 1, { delay: '1h' });
      expect(await inspector.promote([first, later, 'nobody'])).toEqual([
        { id: first, outcome: 'refused', state: 'ready' },
        { id: later, outcome: 'done' },
        { id: 'nobody', outcome: 'unknown' },
      ]);
      expect(await inspector.reprioritise(third, -5)).toEqual([{ id: third, outcome: 'done' }]);
      expect(await inspector.move([second], 'slow')).toEqual([{ id: second, outcome: 'done' }]);
      expect((await take(storage)).jobs.map(({ id }) => id)).toEqual([third, first, later]);
      expect(await inspector.info(second)).toMatchObject({ queue: 'slow', state: 'ready' });
    });

    it('starts all dead jobs again, none twice, though they die again and others arrive', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      const ids = await dead(storage, jobs, 25);
      expect(
        await inspector.retry({ state: 'dead' }, { dryRun: true, upTo: 20, sampleSize: 1 }),
      ).toMatchObject({
        ...{ count: 20, isExact: false },
        sample: [{ id: ids.at(-1), state: 'dead' }],
      });
      const taken: string[] = [];
      const summary = await inspector.retry(
        { state: 'dead', queue: 'mail' },
        {
          batchSize: 4,
          async onBatch({ results }) {
            taken.push(...results.map(({ id }) => id));
            if (taken.length > 100) throw new Error('It never ends');
            await dead(storage, jobs, 4);
          },
        },
      );
      expect(summary).toEqual({ done: 25, requested: 0, refused: 0, unknown: 0, end: 'all' });
      expect(taken).toEqual(ids.toReversed());
    });

    it('moves a whole queue while rivals take from it: each job is with a rival or moved, none is both or lost', async () => {
      const { context, jobs, inspector } = await setUp(row);
      const [one, other] = await context.rivals(2);
      for (let round = 0; round < 30; round += 1) {
        const ids = await queued(jobs, 12);
        const target = `slow-${round}`;
        const [summary, ...popped] = await Promise.all([
          inspector.move({ queue: 'mail', name: 'mail' }, target, { batchSize: 4 }),
          ...[one, other].map((rival) => take(rival as Storage, 4)),
        ]);
        const taken = popped.flatMap(({ jobs: leased }) => leased.map(({ id }) => id));
        const moved: string[] = [];
        for await (const { id } of inspector.each({ queue: target })) moved.push(id);
        const left: string[] = [];
        for await (const { id } of inspector.each({ queue: 'mail', state: 'ready' })) left.push(id);
        expect([...taken, ...moved].toSorted(), `round ${round}`).toEqual(ids.toSorted());
        expect(left).toEqual([]);
        expect(summary.done).toBe(moved.length);
        expect(summary.end).toBe('all');
      }
    });

    it('removes by state in batches, and leaves the others', async () => {
      const { storage, jobs, inspector } = await setUp(row);
      await dead(storage, jobs, 9);
      const waiting = await queued(jobs, 2);
      expect(
        await inspector.remove({ state: 'dead', queue: 'mail' }, { batchSize: 2, limit: 5 }),
      ).toMatchObject({
        ...{ done: 5, end: 'limit' },
      });
      expect(await inspector.remove({ state: 'dead' })).toMatchObject({ done: 4, end: 'all' });
      expect((await inspector.list()).jobs.map(({ id }) => id)).toEqual(waiting.toReversed());
    });

    it('explains why a job does not run, from no runner at all to its end', async () => {
      const { context, storage, jobs, inspector } = await setUp(row);
      const kinds = async (id: string) => (await inspector.explain(id)).reasons.map(({ kind }) => kind);
      expect(await kinds('nobody')).toEqual(['unknown']);
      const [late = ''] = await queued(jobs, 1, { delay: '1h' });
      expect(await kinds(late)).toEqual(['not-due', 'no-runner']);
      const other = await startRunner(storage, { definition: otherJob, run: () => {} }, context);
      const [first = ''] = await queued(jobs, 1);
      expect(await kinds(first)).toEqual(['unknown-name']);
      await inspector.pauseQueue('mail', 'provider down');
      expect((await inspector.explain(first)).reasons[0]).toMatchObject({
        ...{ kind: 'queue-paused', because: 'provider down' },
      });
      await other.stop();
      let end = () => {};
      const run: JobHandler['run'] = (_, { signal }) =>
        new Promise<void>((resolve) => {
          end = resolve;
          signal.addEventListener('abort', () => resolve());
        });
      await startRunner(storage, { definition: mail, run }, context);
      expect(await kinds(first)).toEqual(['queue-paused']);
      await inspector.resumeQueue('mail');
      await context.eventually(async () => (await kinds(first))[0] === 'running', 'the job runs');
      expect((await inspector.explain(first)).reasons[0]).toMatchObject({
        host: 'here',
        pid: 1,
        isLive: true,
      });
      const [holder] = await inspector.runners({ withJobs: true });
      expect(holder?.jobs?.map(({ id }) => id)).toEqual([first]);
      const [second = ''] = await queued(jobs, 2);
      await context.eventually(async () => (await kinds(second))[0] !== 'imminent', 'the slot is taken');
      expect(await kinds(second)).toContain('slots-busy');
      end();
      await context.eventually(async () => (await kinds(first))[0] === 'completed', 'the job completes');
    });
  });
}

class Other {}
const otherJob = defineJob(Other, { name: 'other', queue: 'mail' });

/** One slot, and a name of its own for the process. */
async function startRunner(storage: Storage, handler: JobHandler, context: ContractContext): Promise<Runner> {
  const runner = new Runner({
    storage,
    handlers: [handler],
    queues: { mail: 1 },
    info: { host: 'here', pid: 1 },
  });
  await runner.start();
  await context.eventually(async () => (await storage.runners()).length > 0, 'the runner is known');
  onTestFinished(() => runner.stop({ now: true }));
  return runner;
}
