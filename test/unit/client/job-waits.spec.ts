import { describe, expect, it } from 'vitest';
import type { EndListener } from '../../../lib/client/wait/end-news.js';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { InvalidOptionError, StorageClosedError } from '../../../lib/core/errors.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import type { Settlement } from '../../../lib/core/settlement.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { completionOf, deadFor, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { FaultyStorage } from '../../../lib/testing/faulty-storage.js';

class Sum {
  constructor(readonly to = 3) {}

  run(): number {
    return this.to;
  }
}
defineJob(Sum, { name: 'sum', keep: { completed: false, dead: false, cancelled: false } });

/** Counts what it is asked, and what for. */
class WatchedStorage extends FaultyStorage {
  readonly looks: { readonly at: number; readonly ids: readonly string[] }[] = [];
  /** Answers are on their way until it resolves. */
  slow: Promise<void> | undefined;

  constructor(readonly clock: FakeClock) {
    super(new MemoryStorage({ clock }));
    const { info } = this;
    this.info = async (ids) => {
      this.looks.push({ at: clock.monotonic(), ids });
      const answer = await info(ids);
      await this.slow;
      return answer;
    };
  }
}

async function setup() {
  const clock = new FakeClock();
  const storage = new WatchedStorage(clock);
  await storage.open();
  const listeners = new Set<EndListener>();
  const endNews = {
    subscribe(listener: EndListener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const jobs = new QueueHandle(storage, { clock, endNews });
  /** Ends the job that is next. */
  const end = async (settlement: Settlement) => {
    const { jobs: leased } = await storage.pop(requestOf({ names: ['sum'], limit: 1 }));
    await storage.complete(leased.map((lease) => completionOf(lease, settlement)));
  };
  return { clock, storage, listeners, jobs, end };
}

const COMPLETED: Settlement = {
  state: 'completed',
  attempt: 0,
  stalls: 0,
  keep: 60_000,
  result: '{"sum":6}',
};

/** What becomes of a promise, where nobody can wait for it. */
function watch<Value>(promise: Promise<Value>) {
  const seen: { value?: Value; error?: unknown; at?: number; isSettled: boolean } = { isSettled: false };
  promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error: unknown) => Object.assign(seen, { error, isSettled: true }),
  );
  return seen;
}

describe('waiting for a job', () => {
  it('resolves with what the run returned, also when it is over long since', async () => {
    const { clock, jobs, end } = await setup();
    const queued = await jobs.queue(new Sum(), { keep: { completed: '1h' } });
    const seen = watch(jobs.wait(queued));
    await clock.advance(5_000);
    expect(seen.isSettled).toBe(false);
    await end(COMPLETED);
    await clock.advance(1_000);
    expect(seen.value).toEqual({ sum: 6 });
    const late = watch(jobs.wait(queued.id));
    await clock.advance(0);
    expect(late.value).toEqual({ sum: 6 });
  });

  it.each<[string, Settlement, object]>([
    [
      'dead',
      deadFor(60_000),
      { code: 'JOB_DEAD', reason: 'retries-exhausted', failure: { name: 'TypeError', message: 'It broke' } },
    ],
    [
      'cancelled',
      { state: 'cancelled', attempt: 0, stalls: 0, cancelReason: 'no longer', keep: 60_000 },
      { code: 'JOB_CANCELLED', message: 'no longer' },
    ],
    [
      'completed, and what it returned could not be stored',
      { ...COMPLETED, result: '{"$unstorable":"$ is a function"}' },
      { code: 'RESULT_LOST', message: expect.stringContaining('$ is a function') as string },
    ],
    ['ended and forgotten', { ...COMPLETED, keep: false }, { code: 'JOB_UNKNOWN', wasThere: true }],
  ])('rejects for a job that is %s', async (_, settlement, error) => {
    const { clock, jobs, end } = await setup();
    const { id } = await jobs.queue(new Sum());
    const seen = watch(jobs.wait(id));
    await clock.advance(10);
    await end(settlement);
    await clock.advance(1_000);
    expect(seen.error).toMatchObject(error);
    expect(clock.nextAt).toBeUndefined();
  });

  it('rejects at once for an id that nobody knows', async () => {
    const { clock, jobs } = await setup();
    const seen = watch(jobs.wait('nobody'));
    await clock.advance(0);
    expect(seen.error).toMatchObject({ code: 'JOB_UNKNOWN', id: 'nobody', wasThere: false });
  });

  it('gives up after its time, exactly, or when its signal says so, and leaves no timer', async () => {
    const { clock, jobs } = await setup();
    const { id } = await jobs.queue(new Sum());
    const controller = new AbortController();
    const late = watch(jobs.wait(id, { timeout: '3s' }));
    const aborted = watch(jobs.wait(id, { signal: controller.signal }));
    await clock.advance(2_999);
    expect(late.isSettled).toBe(false);
    await clock.advance(1);
    expect(late.error).toMatchObject({ code: 'WAIT_TIMEOUT', id });
    controller.abort(new Error('enough'));
    await clock.advance(0);
    expect(aborted.error).toEqual(new Error('enough'));
    expect(clock.nextAt).toBeUndefined();
    await expect(jobs.wait(id, { signal: controller.signal })).rejects.toThrow('enough');
    await expect(jobs.wait(id, { timeout: 0 })).rejects.toThrow(InvalidOptionError);
    await expect(jobs.wait(id, { timout: 5 } as object)).rejects.toThrow("Did you mean 'timeout'?");
    expect(await jobs.info(id)).toMatchObject({ state: 'ready' });
  });

  it('keeps to its time while the storage gives no answer', async () => {
    const { clock, storage, jobs } = await setup();
    const { id } = await jobs.queue(new Sum());
    storage.break('hanging', ['info']);
    const seen = watch(jobs.wait(id, { timeout: '3s' }));
    await clock.advance(3_000);
    expect(seen.error).toMatchObject({ code: 'WAIT_TIMEOUT' });
    expect(clock.nextAt).toBeUndefined();
    storage.heal();
    await clock.advance(0);
    expect(clock.nextAt).toBeUndefined();
  });

  it('looks for all who wait in one call, less and less often', async () => {
    const { clock, storage, jobs } = await setup();
    const pushed = await jobs.queueAll(Array.from({ length: 50 }, () => new Sum()));
    const waits = [...pushed, ...pushed].map((each) => watch(jobs.wait(each)));
    await clock.advance(200);
    expect(storage.looks.map(({ ids }) => ids.length)).toEqual(storage.looks.map(() => 50));
    expect(storage.looks.slice(0, 4).map(({ at }) => at)).toEqual([0, 20, 50, 95]);
    await clock.advance(9_800);
    const before = storage.looks.length;
    await clock.advance(10_000);
    expect(storage.looks.length - before).toBeLessThanOrEqual(10 + 1);
    expect(waits.some(({ isSettled }) => isSettled)).toBe(false);
  });

  it('has those who came at different times share looks', async () => {
    const { clock, storage, jobs } = await setup();
    const pushed = await jobs.queueAll(Array.from({ length: 100 }, () => new Sum()));
    for (const each of pushed) {
      watch(jobs.wait(each));
      await clock.advance(7);
    }
    await clock.advance(20_000);
    const before = storage.looks.length;
    await clock.advance(10_000);
    expect(storage.looks.length - before).toBeLessThanOrEqual(40);
  });

  it('takes no outage for an answer', async () => {
    const { clock, storage, jobs, end } = await setup();
    const { id } = await jobs.queue(new Sum());
    const seen = watch(jobs.wait(id));
    storage.break('refused', ['info']);
    await clock.advance(60_000);
    expect(seen.isSettled).toBe(false);
    await end(COMPLETED);
    storage.heal();
    await clock.advance(1_000);
    expect(seen.value).toEqual({ sum: 6 });
  });

  it('hears at once of what this process ended, also while a look is under way', async () => {
    const { clock, storage, listeners, jobs, end } = await setup();
    const { id } = await jobs.queue(new Sum());
    const seen = watch(jobs.wait(id));
    await clock.advance(10_000);
    let arrive = () => {};
    storage.slow = new Promise((resolve) => (arrive = resolve));
    await clock.advance(1_000);
    await end(COMPLETED);
    for (const listener of listeners) listener.ended(id);
    // What arrives now is how the job stood before.
    storage.slow = undefined;
    arrive();
    await clock.advance(0);
    expect(seen.value).toEqual({ sum: 6 });
    expect(listeners.size).toBe(0);
    expect(clock.nextAt).toBeUndefined();
  });

  it('hears at once of what its own handle cancelled', async () => {
    const { clock, jobs } = await setup();
    const { id } = await jobs.queue(new Sum(), { keep: { cancelled: '1h' } });
    const seen = watch(jobs.wait(id));
    await clock.advance(10_000);
    await jobs.cancel(id, 'no longer');
    await clock.advance(0);
    expect(seen.error).toMatchObject({ code: 'JOB_CANCELLED', message: 'no longer' });
  });

  it('ends with the application, or with the storage', async () => {
    const { clock, storage, listeners, jobs } = await setup();
    const { id } = await jobs.queue(new Sum());
    const seen = watch(jobs.wait(id));
    await clock.advance(100);
    for (const listener of listeners) listener.closed();
    await clock.advance(0);
    expect(seen.error).toBeInstanceOf(StorageClosedError);
    expect([clock.nextAt, listeners.size]).toEqual([undefined, 0]);
    const next = watch(jobs.wait(id));
    await clock.advance(100);
    await storage.close();
    await clock.advance(1_000);
    expect(next.error).toBeInstanceOf(StorageClosedError);
    expect(clock.nextAt).toBeUndefined();
  });
});

describe('queueing a job and waiting for it', () => {
  it('keeps the record for a minute, whatever the class says', async () => {
    const { clock, storage, jobs, end } = await setup();
    const result = jobs.queueAndWait(new Sum(), { wait: { timeout: '1m' } });
    await clock.advance(0);
    const [record] = (await storage.list({ limit: 1 })).jobs;
    expect(JSON.parse(record?.policy ?? '')).toMatchObject({
      keep: { completed: 60_000, dead: 60_000, cancelled: 60_000 },
    });
    await end({ ...COMPLETED, result: '6' });
    await clock.advance(1_000);
    // The type is that of `run`.
    const sum: number = await result;
    expect(sum).toBe(6);
  });

  it('keeps it longer where that was asked for, and refuses what could not end', async () => {
    const { clock, storage, jobs } = await setup();
    const controller = new AbortController();
    const seen = watch(
      jobs.queueAndWait(new Sum(), { keep: { completed: '2h' }, wait: { signal: controller.signal } }),
    );
    await clock.advance(0);
    const [record] = (await storage.list({ limit: 1 })).jobs;
    expect(JSON.parse(record?.policy ?? '')).toMatchObject({ keep: { completed: 7_200_000, dead: 60_000 } });
    controller.abort();
    await clock.advance(0);
    expect(seen.isSettled).toBe(true);
    await expect(jobs.queueAndWait(new Sum(), { transaction: {} } as object)).rejects.toThrow(
      'nobody can run the job before the transaction commits',
    );
    await expect(jobs.queueAndWait(new Sum(), { wait: { timeout: -1 } })).rejects.toThrow(InvalidOptionError);
    expect((await storage.list({ limit: 10 })).jobs).toHaveLength(1);
  });
});
