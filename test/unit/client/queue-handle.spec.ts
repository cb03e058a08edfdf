import { describe, expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { InvalidOptionError, StorageUnavailableError, UnsupportedError } from '../../../lib/core/errors.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import type { Storage } from '../../../lib/storage/storage.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

class Mail {
  constructor(readonly to = 'ada') {}
}
defineJob(Mail, { name: 'mail', queue: 'mail', maxRetries: 2 });

/** A storage whose push stores the job but whose answers get lost on the way, some times. */
class LossyStorage extends MemoryStorage {
  answersToLose = 0;

  override async push(jobs: readonly NewJob[], transaction?: undefined) {
    const pushed = await super.push(jobs, transaction);
    if (this.answersToLose-- > 0) throw new StorageUnavailableError('The answer was lost');
    return pushed;
  }
}

async function setup() {
  const clock = new FakeClock();
  const storage = new LossyStorage({ clock });
  await storage.open();
  return { clock, storage, jobs: new QueueHandle<Storage>(storage, { clock }) };
}

describe('the queue handle', () => {
  it('tells what became of a job', async () => {
    const { clock, jobs } = await setup();
    const { id, duplicate } = await jobs.queue(new Mail(), { delay: '1m', meta: { by: 'test' } });
    expect(duplicate).toBe(false);
    expect(await jobs.info(id)).toEqual({
      id,
      name: 'mail',
      queue: 'mail',
      state: 'scheduled',
      payload: { to: 'ada' },
      priority: 0,
      attempts: 0,
      maxAttempts: 3,
      stalls: 0,
      errors: [],
      enqueuedAt: new Date(clock.now()),
      scheduledFor: new Date(clock.now() + 60_000),
      meta: { by: 'test' },
    });
    expect(await jobs.info('unknown')).toBeUndefined();
  });

  it('stores a batch in order, all or none', async () => {
    const { jobs } = await setup();
    const pushed = await jobs.queueAll([new Mail('a'), new Mail('b')]);
    const infos = await Promise.all(pushed.map(({ id }) => jobs.info(id)));
    expect(infos.map((info) => info?.payload)).toEqual([{ to: 'a' }, { to: 'b' }]);
    await expect(jobs.queueAll([new Mail('c'), { to: 'no job' }])).rejects.toThrow('is not a job');
    expect(await jobs.queueAll([])).toEqual([]);
    expect((await jobs.stats())[0]?.ready).toBe(2);
  });

  it('reports a job that is there already', async () => {
    const { jobs } = await setup();
    await jobs.queue(new Mail(), { id: 'welcome:7' });
    expect(await jobs.queue(new Mail(), { id: 'welcome:7' })).toEqual({ id: 'welcome:7', duplicate: true });
    const { id } = await jobs.queue(new Mail(), { unique: { key: 'ada' } });
    expect(await jobs.queue(new Mail(), { unique: { key: 'ada' } })).toEqual({ id, duplicate: true });
  });

  it('schedules at a date or after a time, and at once when that is past', async () => {
    const { clock, jobs } = await setup();
    const times = [new Date(clock.now() + 5000), '5s', new Date(0)] as const;
    const pushed = await Promise.all(times.map((at) => jobs.schedule(new Mail(), at)));
    const infos = await Promise.all(pushed.map(({ id }) => jobs.info(id)));
    expect(infos.map((info) => info?.state)).toEqual(['scheduled', 'scheduled', 'ready']);
    expect(infos.map((info) => Number(info?.scheduledFor) - clock.now())).toEqual([5000, 5000, 0]);
  });

  it('makes one job of an enqueue whose answers were lost', async () => {
    const { clock, storage, jobs } = await setup();
    storage.answersToLose = 3;
    const queued = jobs.queue(new Mail());
    await clock.advance(9000);
    const { id } = await queued;
    expect(await jobs.info(id)).toMatchObject({ state: 'ready' });
    expect((await jobs.stats())[0]).toMatchObject({ queue: 'mail', ready: 1 });
  });

  it('says so when the storage stays away for ten seconds', async () => {
    const { clock, storage, jobs } = await setup();
    storage.answersToLose = 1e9;
    const [outcome] = await Promise.all([
      jobs.queue(new Mail()).catch((error: unknown) => error),
      clock.advance(10_000),
    ]);
    expect(outcome).toBeInstanceOf(StorageUnavailableError);
  });

  it('declares a schedule once, whatever restarts', async () => {
    const { clock, storage, jobs } = await setup();
    await jobs.every('1h', new Mail(), { key: 'hourly', priority: 3 });
    await clock.advance(60_000);
    await jobs.every('1h', new Mail('eve'), { key: 'hourly' });
    const [schedule, ...others] = await storage.schedules();
    expect(others).toEqual([]);
    expect(schedule).toMatchObject({
      key: 'hourly',
      nextAt: clock.now() - 60_000,
      template: { payload: '{"to":"eve"}' },
    });
  });

  it('declares by cron, and keeps what was planned while the timing stays the same', async () => {
    const { clock, storage, jobs } = await setup();
    const options = {
      key: 'nightly',
      timeZone: 'Europe/London',
      missed: { all: 3 },
      overlap: 'skip',
    } as const;
    await jobs.cron('0 3 * * *', new Mail(), { ...options, priority: 3 });
    const [first] = await storage.schedules();
    expect(first).toMatchObject({
      timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/London' },
      missed: { all: 3 },
      overlap: 'skip',
      template: { name: 'mail', queue: 'mail', priority: 3, payload: '{"to":"ada"}' },
      nextAt: clock.now(),
    });
    await clock.advance(60_000);
    await jobs.cron('0 3 * * *', new Mail('eve'), options);
    expect(await storage.schedules()).toMatchObject([
      { nextAt: first?.nextAt, template: { payload: '{"to":"eve"}' } },
    ]);
  });

  it.each<[message: string, options: object]>([
    ["unknown option 'timezone'. Did you mean 'timeZone'?", { timezone: 'UTC' }],
    ['timeZone "Mars/Olympus" is unknown', { timeZone: 'Mars/Olympus' }],
    ['missed "none" is neither', { missed: 'none' }],
    ['missed {"all":1001} is neither', { missed: { all: 1001 } }],
    ['missed {"all":0} is neither', { missed: { all: 0 } }],
    ['missed null is neither', { missed: null }],
    ['overlap "queue" is neither', { overlap: 'queue' }],
    ['a jitter of 86400001 ms is longer than a day', { jitter: 86_400_001 }],
    ['jitter: "soon" is not a duration', { jitter: 'soon' }],
    ["unknown option 'delay'", { delay: '5s' }],
    ["unknown option 'id'", { id: 'a' }],
    ["unknown option 'transaction'", { transaction: {} }],
    ['The key of a schedule must be text', { key: undefined }],
  ])('refuses a schedule with: %s', async (message, options) => {
    const { storage, jobs } = await setup();
    const declared = jobs.cron('0 3 * * *', new Mail(), { key: 'nightly', ...options });
    await expect(declared).rejects.toThrow(message);
    await expect(declared).rejects.toBeInstanceOf(InvalidOptionError);
    expect(await storage.schedules()).toEqual([]);
  });

  it('refuses a cron expression that is none or never comes, and a time zone where there is no wall', async () => {
    const { jobs } = await setup();
    await expect(jobs.cron('0 0 31 2 *', new Mail(), { key: 'k' })).rejects.toThrow('never comes');
    await expect(jobs.cron('nightly', new Mail(), { key: 'k' })).rejects.toThrow(InvalidOptionError);
    const options = { key: 'k', timeZone: 'UTC' };
    await expect(jobs.every('1h', new Mail(), options)).rejects.toThrow("every(): unknown option 'timeZone'");
  });

  it('refuses what it cannot do', async () => {
    const { jobs } = await setup();
    await expect(jobs.every(50, new Mail(), { key: 'fast' })).rejects.toThrow(InvalidOptionError);
    await expect(jobs.every('1h', new Mail(), { key: '' })).rejects.toThrow(InvalidOptionError);
    await expect(jobs.queue(new Mail(), { transaction: {} })).rejects.toThrow(UnsupportedError);
    await expect(jobs.queueAll([new Mail()], { id: 'a' } as object)).rejects.toThrow(InvalidOptionError);
  });

  it('cancels what waits, and says what it could not', async () => {
    const { jobs } = await setup();
    const { id } = await jobs.queue(new Mail());
    expect(await jobs.cancel(id, 'no longer')).toBe('cancelled');
    expect(await jobs.info(id)).toMatchObject({ state: 'cancelled', cancelReason: 'no longer' });
    expect([await jobs.cancel(id), await jobs.cancel('unknown')]).toEqual(['ended', 'unknown']);
  });

  it('gives the queues in numbers', async () => {
    const { clock, jobs } = await setup();
    await jobs.queue(new Mail());
    await clock.advance(1500);
    const [mail] = await jobs.stats();
    expect(mail).toMatchObject({ queue: 'mail', ready: 1, dead: 0, completed: 0, oldestReadyAge: 1500 });
    expect(mail?.since).toBeInstanceOf(Date);
  });
});
