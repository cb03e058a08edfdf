import { describe, expect, it } from 'vitest';
import { JobInspector } from '../../../lib/client/job-inspector.js';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import type { Settlement } from '../../../lib/core/settlement.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { completionOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import type { RetryOptions } from '../../../lib/storage/inspection.js';

class Mail {}
class Bill {}
defineJob(Mail, { name: 'mail' });
defineJob(Bill, { name: 'bill' });

/** Counts the calls that bring jobs back, each of which takes a while. */
class SlowStorage extends MemoryStorage {
  calls = 0;
  clock = new FakeClock();
  slowness = 0;

  override async retry(ids: readonly string[], options?: RetryOptions) {
    this.calls += 1;
    this.clock.set(this.clock.now() + this.slowness);
    return super.retry(ids, options);
  }
}

async function setup() {
  const clock = new FakeClock();
  const storage = new SlowStorage({ clock });
  storage.clock = clock;
  await storage.open();
  const jobs = new QueueHandle(storage, { clock });
  const die = async (
    job: object,
    count: number,
    message: string,
    reason: 'stalled' | 'retries-exhausted',
  ) => {
    await jobs.queueAll(Array.from({ length: count }, () => job));
    const queues = [{ queue: 'default', limit: count }];
    const { jobs: leased } = await storage.pop(requestOf({ names: ['mail', 'bill'], queues }));
    const failure = reason === 'stalled' ? {} : { failure: { name: 'Error', message } };
    await storage.complete(
      leased.map((lease, nth) => {
        const own = 'failure' in failure ? { failure: { name: 'Error', message: `${message} ${nth}` } } : {};
        const settlement: Settlement = {
          state: 'dead',
          attempt: 1,
          stalls: 0,
          reason,
          keep: 3_600_000,
          ...own,
        };
        return completionOf(lease, settlement);
      }),
    );
  };
  return { clock, storage, jobs, inspector: new JobInspector(storage), die };
}

/** The most that fall into any window of that length. */
function mostWithin(times: readonly number[], length: number): number {
  return Math.max(
    ...times.map((from) => times.filter((time) => time >= from && time < from + length).length),
  );
}

describe('bringing dead jobs back', () => {
  it('shows first what they died of, the most frequent first', async () => {
    const { inspector, die } = await setup();
    await die(new Mail(), 3, 'No mailbox', 'retries-exhausted');
    await die(new Mail(), 5, 'Down since', 'retries-exhausted');
    await die(new Bill(), 2, '', 'stalled');
    const { causes, count, lasts } = await inspector.redrive({ state: 'dead' }, { dryRun: true });
    expect([count, lasts]).toEqual([10, 0]);
    expect(causes.map((cause) => `${cause.count} ${cause.name} ${cause.reason}`)).toEqual([
      '5 mail retries-exhausted',
      '3 mail retries-exhausted',
      '2 bill stalled',
    ]);
    const [down, mailbox, stalled] = causes;
    expect(down?.sample.errors[0]?.message).toBe('Down since 4');
    expect(stalled).not.toHaveProperty('fingerprint');
    const { fingerprint = '' } = mailbox ?? {};
    expect(await inspector.redrive({ fingerprint })).toMatchObject({ done: 3, end: 'all' });
    expect(await inspector.count({ state: 'dead' })).toMatchObject({ count: 7 });
  });

  it.each<[rate: string, count: number, per: number]>([
    ['100/s', 100, 1_000],
    ['97/s', 97, 1_000],
    ['7/s', 7, 1_000],
    ['1/s', 1, 1_000],
    ['3/10s', 3, 10_000],
    ['39/m', 39, 60_000],
    ['3/ms', 3, 1],
    ['1000000/s', 1_000_000, 1_000],
  ])('keeps to the rate in any window: %s', async (rate, count, per) => {
    const { storage, inspector, die } = await setup();
    await die(new Mail(), 250, 'down', 'retries-exhausted');
    const { lasts } = await inspector.redrive({ state: 'dead' }, { dryRun: true, rate });
    expect(await inspector.redrive({ name: 'mail' }, { rate, batchSize: 33 })).toMatchObject({ done: 250 });
    const { jobs } = await storage.list({ limit: 1_000 });
    const times = jobs.map(({ runAt }) => runAt);
    expect(mostWithin(times, per)).toBeLessThanOrEqual(count);
    expect(Math.max(...times) - Math.min(...times)).toBe(lasts);
    // A tenth slower at most, or as slow as a whole number of groups is.
    expect(lasts).toBeLessThanOrEqual(((249 * per) / count) * 1.06 + 1);
  });

  it('keeps to it when the storage takes its time', async () => {
    const { storage, inspector, die } = await setup();
    await die(new Mail(), 250, 'down', 'retries-exhausted');
    storage.slowness = 70;
    await inspector.redrive({ state: 'dead' }, { rate: '100/s' });
    const { jobs } = await storage.list({ limit: 1_000 });
    expect(
      mostWithin(
        jobs.map(({ runAt }) => runAt),
        1_000,
      ),
    ).toBeLessThanOrEqual(100);
    expect(storage.calls).toBe(50);
  });

  it('means the dead alone, and refuses what it cannot do', async () => {
    const { jobs, inspector, die } = await setup();
    await die(new Mail(), 2, 'down', 'retries-exhausted');
    const { id } = await jobs.queue(new Mail());
    await jobs.cancel(id);
    expect(await inspector.redrive({ name: 'mail' })).toMatchObject({ done: 2 });
    const refused: [Promise<unknown>, string][] = [
      [inspector.redrive({}), 'the filter is empty'],
      [inspector.redrive({ state: 'cancelled' }), 'cannot be done with cancelled jobs, only with dead'],
      [inspector.redrive({ state: 'dead' }, { rate: 'fast' }), "redrive(): rate: 'fast' is not a rate"],
      [inspector.redrive({ state: 'dead' }, { queue: '' }), 'redrive(): the queue'],
      [inspector.redrive({ state: 'dead' }, { rat: '1/s' } as object), "unknown option 'rat'"],
      [inspector.redrive({ state: 'dead' }, { dryRun: 'true' } as object), 'neither true nor false'],
      [inspector.retry({ state: 'dead' }, { queue: '' }), 'retry(): the queue'],
      [inspector.retry(['a'], { delay: 'soon' } as object), 'retry(): delay: "soon" is not a duration'],
    ];
    for (const [call, message] of refused) {
      await expect(call).rejects.toThrow(message);
      await expect(call).rejects.toBeInstanceOf(InvalidOptionError);
    }
  });
});
