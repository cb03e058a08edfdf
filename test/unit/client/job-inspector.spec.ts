import { beforeEach, describe, expect, it } from 'vitest';
import type { BulkBatch } from '../../../lib/client/inspect/bulk-action.js';
import { JobInspector } from '../../../lib/client/job-inspector.js';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import type { JobChange, JobQuery } from '../../../lib/storage/inspection.js';
import { beatOf, completionOf, deadFor, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

class Mail {
  constructor(readonly to = 'ada') {}
}
defineJob(Mail, { name: 'mail', queue: 'mail' });

/** Counts what is asked of it, and lets something happen between a page and what follows. */
class WatchedStorage extends MemoryStorage {
  readonly pages: number[] = [];
  readonly acts: string[][] = [];
  afterPage: () => Promise<unknown> = async () => {};

  override async list(query: JobQuery) {
    this.pages.push(query.limit);
    const page = await super.list(query);
    await this.afterPage();
    return page;
  }

  override async retry(ids: readonly string[]) {
    this.acts.push([...ids]);
    return super.retry(ids);
  }

  override async change(ids: readonly string[], change: JobChange) {
    this.acts.push([...ids]);
    return super.change(ids, change);
  }
}

let clock: FakeClock;
let storage: WatchedStorage;
let jobs: QueueHandle;
let inspector: JobInspector;

beforeEach(async () => {
  clock = new FakeClock();
  storage = new WatchedStorage({ clock });
  await storage.open();
  jobs = new QueueHandle(storage, { clock });
  inspector = new JobInspector(storage);
});

async function queued(count: number, options = {}): Promise<string[]> {
  const pushed = await jobs.queueAll(
    Array.from({ length: count }, () => new Mail()),
    options,
  );
  return pushed.map(({ id }) => id);
}

async function run(limit = 1_000) {
  const { jobs: leased } = await storage.pop(
    requestOf({ names: ['mail'], queues: [{ queue: 'mail', limit }] }),
  );
  return leased;
}

async function dead(count: number): Promise<string[]> {
  const ids = await queued(count);
  await storage.complete((await run()).map((lease) => completionOf(lease, deadFor())));
  return ids;
}

async function states(ids: readonly string[]) {
  return (await storage.info(ids)).map((record) => record?.state);
}

describe('looking', () => {
  it('lists page by page what QueueHandle.info tells, the newest first', async () => {
    const ids = await queued(5);
    const first = await inspector.list({ queue: 'mail' }, { limit: 2 });
    expect(first.jobs).toEqual([await jobs.info(ids[4] ?? ''), await jobs.info(ids[3] ?? '')]);
    const rest = await inspector.list({ queue: 'mail' }, { limit: 3, cursor: first.cursor ?? '' });
    expect(rest.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 3).toReversed());
    expect(rest.cursor).toBeUndefined();
  });

  it('takes a filter whose fields are undefined, as a query string gives them', async () => {
    await queued(2);
    expect((await inspector.list({ state: undefined, queue: undefined })).jobs).toHaveLength(2);
  });

  it('finds a job by the unique key that it was queued with', async () => {
    await queued(2);
    const { id } = await jobs.queue(new Mail(), { unique: { key: 'ada' } });
    expect((await inspector.list({ name: 'mail', uniqueKey: 'ada' })).jobs.map((job) => job.id)).toEqual([
      id,
    ]);
    await expect(inspector.list({ uniqueKey: 'ada' })).rejects.toThrow('needs the name');
  });

  it('goes through all pages, and past no job twice', async () => {
    const ids = await queued(1_100);
    storage.afterPage = () => queued(1);
    const seen: string[] = [];
    for await (const { id } of inspector.each({ state: 'ready' })) seen.push(id);
    expect(seen).toEqual(ids.toReversed());
  });

  it('counts up to a bound and says when there are more', async () => {
    await queued(12);
    expect(await inspector.count({ queue: 'mail' }, { upTo: 11 })).toEqual({ count: 11, isExact: false });
    expect(await inspector.count({ queue: 'mail' }, { upTo: 12 })).toEqual({ count: 12, isExact: true });
    expect(await inspector.count({ queue: 'other' })).toEqual({ count: 0, isExact: true });
    expect(storage.pages).toEqual([12, 13, 500]);
  });

  it('refuses filters and pages that make no sense', async () => {
    const odd = [{ state: 'done' }, { state: 'toString' }, { que: 'mail' }, { queue: '' }, { name: 7 }];
    for (const filter of odd) {
      await expect(inspector.list(filter as object), JSON.stringify(filter)).rejects.toThrow(
        InvalidOptionError,
      );
    }
    await expect(inspector.list({ que: 'mail' } as object)).rejects.toThrow(`Did you mean 'queue'?`);
    await expect(inspector.list({}, { limit: 0 })).rejects.toThrow(InvalidOptionError);
    await expect(inspector.list({}, { page: 2 } as object)).rejects.toThrow(InvalidOptionError);
    await expect(inspector.count({}, { upTo: 0 })).rejects.toThrow(InvalidOptionError);
    expect(() => inspector.each({ que: 'mail' } as object)).toThrow(InvalidOptionError);
  });

  it('tells of runners, and what they have when asked', async () => {
    const [, second] = await queued(2);
    await storage.heartbeat(beatOf([], 60_000, 'runner'));
    await storage.heartbeat(beatOf([], 60_000, 'idle'));
    const [first] = await run(1);
    const [one, other] = await inspector.runners({ withJobs: true });
    expect(one).toMatchObject({ id: 'runner', running: 1, beatAt: new Date(clock.now()) });
    expect(one?.jobs?.map(({ id }) => id)).toEqual([first?.id]);
    expect(other).toMatchObject({ id: 'idle', running: 0, jobs: [] });
    expect(await inspector.info(first?.id ?? '')).toMatchObject({ state: 'running', runner: 'runner' });
    expect(await inspector.info(second ?? '')).not.toHaveProperty('runner');
    expect((await inspector.runners()).map(({ jobs: held }) => held)).toEqual([undefined, undefined]);
  });
});

describe('acting by id', () => {
  it('answers for each id, in their order', async () => {
    const [deadId = ''] = await dead(1);
    const [ready = '', taken = ''] = await queued(2);
    const results = await inspector.retry([ready, deadId, 'nobody', taken]);
    expect(results).toEqual([
      { id: ready, outcome: 'refused', state: 'ready' },
      { id: deadId, outcome: 'done' },
      { id: 'nobody', outcome: 'unknown' },
      { id: taken, outcome: 'refused', state: 'ready' },
    ]);
    expect(await inspector.retry([])).toEqual([]);
  });

  it('cancels what waits, asks what runs to end, and refuses what has ended', async () => {
    const [first = '', second = ''] = await queued(2);
    await run(1);
    expect(await inspector.cancel([first, second], { reason: 'too late' })).toEqual([
      { id: first, outcome: 'requested' },
      { id: second, outcome: 'done' },
    ]);
    expect(await inspector.info(second)).toMatchObject({ state: 'cancelled', cancelReason: 'too late' });
    expect(await inspector.cancel(second)).toEqual([{ id: second, outcome: 'refused', state: 'cancelled' }]);
  });

  it('removes any record but that of a running job', async () => {
    const [first = '', second = ''] = await queued(2);
    await run(1);
    expect(await inspector.remove([first, second])).toEqual([
      { id: first, outcome: 'refused', state: 'running' },
      { id: second, outcome: 'done' },
    ]);
  });

  it('promotes what is not due, and leaves ready jobs in their place', async () => {
    const [ready = ''] = await queued(1);
    await clock.advance(1_000);
    const [later = ''] = await queued(1, { delay: '1h' });
    expect(await inspector.promote([ready, later])).toEqual([
      { id: ready, outcome: 'refused', state: 'ready' },
      { id: later, outcome: 'done' },
    ]);
    expect((await run()).map(({ id }) => id)).toEqual([ready, later]);
  });

  it('changes priority and queue of what waits', async () => {
    const [first = '', second = ''] = await queued(2);
    expect(await inspector.reprioritise(second, -1)).toEqual([{ id: second, outcome: 'done' }]);
    expect((await run(1)).map(({ id }) => id)).toEqual([second]);
    expect(await inspector.move([first, second], 'slow')).toEqual([
      { id: first, outcome: 'done' },
      { id: second, outcome: 'refused', state: 'running' },
    ]);
    expect(await inspector.info(first)).toMatchObject({ queue: 'slow' });
  });

  it('takes many ids in bounded steps', async () => {
    const ids = await dead(1_000);
    const results = await inspector.retry([...ids, 'nobody']);
    expect(results.map(({ id }) => id)).toEqual([...ids, 'nobody']);
    expect(results.filter(({ outcome }) => outcome === 'done')).toHaveLength(1_000);
    expect(storage.acts.map(({ length }) => length)).toEqual([500, 500, 1]);
  });

  it('touches nothing when it is asked for something odd', async () => {
    const [id = ''] = await dead(1);
    const asked = [
      () => inspector.retry([id, undefined as never]),
      () => inspector.retry(null as never),
      () => inspector.retry(id as unknown as object, { dryRun: true }),
      () => inspector.reprioritise(id, 1.5),
      () => inspector.move(id, ''),
    ];
    for (const ask of asked) await expect(ask(), String(ask)).rejects.toThrow(InvalidOptionError);
    expect(await states([id])).toEqual(['dead']);
  });
});

describe('acting by filter', () => {
  it('shows beforehand what would be done, and does nothing', async () => {
    const ids = await dead(15);
    const dry = await inspector.retry({ state: 'dead' }, { dryRun: true, sampleSize: 2 });
    expect(dry).toMatchObject({ count: 15, isExact: true });
    expect(dry.sample).toEqual([await jobs.info(ids[14] ?? ''), await jobs.info(ids[13] ?? '')]);
    expect(await inspector.retry({ state: 'dead' }, { dryRun: true, upTo: 10 })).toMatchObject({
      count: 10,
      isExact: false,
    });
    expect(storage.acts).toEqual([]);
    expect(new Set(await states(ids))).toEqual(new Set(['dead']));
  });

  it('acts on all in batches, with the result of each', async () => {
    const ids = await dead(25);
    const batches: BulkBatch[] = [];
    const summary = await inspector.retry(
      { state: 'dead', queue: 'mail' },
      { batchSize: 10, onBatch: (batch) => void batches.push(batch) },
    );
    expect(summary).toEqual({ done: 25, requested: 0, refused: 0, unknown: 0, end: 'all' });
    expect(storage.acts.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(batches.flatMap(({ results }) => results.map(({ id }) => id))).toEqual(ids.toReversed());
    expect(batches.at(-1)?.cursor).toBeUndefined();
  });

  it('takes no job twice, though what it started again is dead once more, and ends though jobs arrive', async () => {
    const ids = await dead(30);
    let news = 0;
    storage.afterPage = async () => {
      if (news++ > 50) throw new Error('It never ends');
      await dead(5);
    };
    const { done, end } = await inspector.retry({ state: 'dead' }, { batchSize: 3 });
    expect({ done, end }).toEqual({ done: 30, end: 'all' });
    expect(storage.acts.flat().toSorted()).toEqual(ids.toSorted());
  });

  it('stops at the limit, and goes on from its cursor', async () => {
    const ids = await dead(10);
    const first = await inspector.retry({ state: 'dead' }, { limit: 4, batchSize: 3 });
    expect(first).toMatchObject({ done: 4, end: 'limit' });
    const rest = await inspector.retry({ state: 'dead' }, { limit: 6, cursor: first.cursor ?? '' });
    expect(rest).toMatchObject({ done: 6, end: 'all' });
    expect(storage.acts.flat()).toEqual(ids.toReversed());
  });

  it('stops before the next batch when the signal aborts, and says what was done', async () => {
    await dead(10);
    const stop = new AbortController();
    const summary = await inspector.retry(
      { state: 'dead' },
      { batchSize: 4, signal: stop.signal, onBatch: () => stop.abort() },
    );
    expect(summary).toMatchObject({ done: 4, end: 'aborted' });
    expect(summary.cursor).toBeDefined();
    expect(await inspector.retry({ state: 'dead' }, { signal: stop.signal })).toMatchObject({
      done: 0,
      end: 'aborted',
    });
  });

  it('waits for onBatch, which may so set the pace', async () => {
    await dead(4);
    let isBusy = false;
    storage.afterPage = async () => expect(isBusy).toBe(false);
    const paused = inspector.retry(
      { state: 'dead' },
      {
        batchSize: 2,
        async onBatch() {
          isBusy = true;
          await new Promise<void>((resolve) => void clock.after(1_000, resolve));
          isBusy = false;
        },
      },
    );
    await clock.advance(5_000);
    expect(await paused).toMatchObject({ done: 4 });
  });

  it('counts those that left their state or were gone before their turn', async () => {
    const [one = '', two = ''] = await dead(3);
    storage.afterPage = async () => {
      await storage.remove([one]);
      await storage.retry([two]);
    };
    expect(await inspector.retry({ state: 'dead' })).toEqual({
      ...{ done: 1, requested: 0, refused: 1, unknown: 1 },
      end: 'all',
    });
  });

  it('leaves alone those whose state does not allow it', async () => {
    const ended = await dead(2);
    const [running = ''] = await queued(1);
    await run();
    const waiting = await queued(3);
    expect(await inspector.move({ queue: 'mail' }, 'slow', { dryRun: true })).toMatchObject({ count: 3 });
    expect(await inspector.move({ queue: 'mail' }, 'slow')).toMatchObject({ done: 3, refused: 0 });
    expect(storage.acts).toEqual([waiting.toReversed()]);
    expect(await inspector.cancel({ name: 'mail' })).toMatchObject({ done: 3, requested: 1, refused: 0 });
    expect(await states([...ended, running])).toEqual(['dead', 'dead', 'running']);
  });

  it('takes jobs that wait for others like those that wait for their time', async () => {
    const { ids } = await jobs.chain([new Mail(), new Mail(), new Mail()]);
    expect(await inspector.move({ queue: 'mail' }, 'post')).toMatchObject({ done: 3 });
    expect(await inspector.reprioritise({ state: 'blocked' }, 5)).toMatchObject({ done: 2 });
    expect(await inspector.remove({ state: 'blocked', queue: 'post' }, { limit: 1 })).toMatchObject({
      done: 1,
    });
    expect(await inspector.cancel({ queue: 'post' })).toMatchObject({ done: 2, refused: 0 });
    expect(await states(ids)).toEqual(['cancelled', 'cancelled', undefined]);
  });

  it('refuses a filter that may mean more than was thought', async () => {
    const ids = await dead(1);
    const asked = [
      () => inspector.cancel({}),
      () => inspector.cancel({ name: 'mail', queue: undefined }),
      () => inspector.retry({ queue: 'mail' }),
      () => inspector.remove({ queue: 'mail' }),
      () => inspector.remove({ queue: 'mail' }, { dryRun: true }),
      () => inspector.remove({ state: 'running' }),
      () => inspector.retry({ state: 'ready' }),
      () => inspector.promote({ state: 'ready' }),
      () => inspector.retry({ state: 'dead' }, { batchSize: 0 }),
      () => inspector.retry({ state: 'dead' }, { batchSize: 1_001 }),
      () => inspector.retry({ state: 'dead' }, { limit: 0 }),
      () => inspector.retry({ state: 'dead' }, { dryrun: true } as object),
      () => inspector.retry({ state: 'dead' }, { dryRun: true, limit: 3 } as object),
      () => inspector.retry({ state: 'dead' }, { dryRun: 'true' } as object),
    ];
    for (const ask of asked) await expect(ask(), String(ask)).rejects.toThrow(InvalidOptionError);
    expect(await states(ids)).toEqual(['dead']);
  });
});

describe('acting on queues', () => {
  it('pauses with a reason and resumes', async () => {
    await queued(1);
    await inspector.pauseQueue('mail', 'the provider is down');
    expect((await inspector.queues())[0]).toMatchObject({
      queue: 'mail',
      paused: { reason: 'the provider is down' },
    });
    expect(await run()).toEqual([]);
    await inspector.resumeQueue('mail');
    expect((await inspector.queues())[0]).not.toHaveProperty('paused');
    await expect(inspector.pauseQueue('')).rejects.toThrow(InvalidOptionError);
  });
});

it('looks at schedules and acts on them', async () => {
  await jobs.every('1h', new Mail(), { key: 'hourly' });
  expect(await inspector.schedules.list()).toMatchObject([{ key: 'hourly', name: 'mail', paused: false }]);
  expect(await inspector.schedules.pause('hourly')).toBe(true);
  expect(await inspector.schedules.info('hourly')).toMatchObject({ paused: true });
});
