import { describe, expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { ScheduleControl } from '../../../lib/client/schedule-control.js';
import { InvalidOptionError, StorageUnavailableError } from '../../../lib/core/errors.js';
import { defineJob, type JobClass } from '../../../lib/core/job-definition.js';
import type { Firing } from '../../../lib/storage/schedules.js';
import { scheduleOf } from '../../../lib/testing/contract/job-factories.js';
import { handler, Stage } from '../runtime/stage.js';

class Report {
  constructor(readonly of = 'sales') {}
}
const definition = defineJob(Report as JobClass, { name: 'report' });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A runner that notes when its jobs were scheduled for, and what a producer and an operator have in their hands. */
async function setup() {
  const ticks: string[] = [];
  const report = handler('unused', (_, context) => void ticks.push(timeOf(context.scheduledFor)));
  const stage = await Stage.set(() => {}, { handlers: [{ ...report, definition }] });
  const { storage, clock } = stage;
  const jobs = new QueueHandle(storage, { clock });
  const declared = new Set<string>();
  const control = new ScheduleControl(storage, { clock, isDeclared: (key) => declared.has(key) });
  return { stage, storage, clock, jobs, control, declared, ticks };
}

/** The hour and minute of a time. */
function timeOf(date: Date): string {
  return date.toISOString().slice(11, 16);
}

describe('a list of schedules', () => {
  it('says of each what it makes, and when', async () => {
    const { stage, jobs, control } = await setup();
    await jobs.cron('0 3 * * *', new Report(), {
      key: 'nightly',
      timeZone: 'Europe/London',
      overlap: 'skip',
    });
    await jobs.every('1h', new Report(), { key: 'hourly', queue: 'bulk', missed: 'all' });
    await stage.pass(100);
    const [hourly, nightly, ...others] = await control.list();
    expect(others).toEqual([]);
    expect(hourly).toEqual({
      key: 'hourly',
      timing: { kind: 'every', interval: HOUR },
      missed: { all: 1000 },
      overlap: 'allow',
      name: 'report',
      queue: 'bulk',
      origin: 'call',
      paused: false,
      nextAt: new Date(Date.UTC(2030, 0, 1, 1)),
      lastTick: new Date(Date.UTC(2030, 0, 1)),
      lastJob: expect.any(String),
    });
    expect(nightly).toEqual({
      key: 'nightly',
      timing: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/London' },
      missed: 'last',
      overlap: 'skip',
      name: 'report',
      queue: 'default',
      origin: 'call',
      paused: false,
      nextAt: new Date(Date.UTC(2030, 0, 1, 3)),
    });
    expect(await control.info('nightly')).toEqual(nightly);
    expect(await control.info('unknown')).toBeUndefined();
  });

  it('has also those that this process cannot compute', async () => {
    const { storage, control } = await setup();
    const timing = { kind: 'cron', expression: '0 3 * * *', timeZone: 'Mars/Olympus' } as const;
    await storage.putSchedules([scheduleOf({ timing })]);
    expect(await control.list()).toMatchObject([{ key: 'nightly', timing }]);
    expect((await control.info('nightly'))?.nextAt).toBeUndefined();
    expect(await control.coming('nightly')).toEqual([]);
  });
});

describe('the times to come', () => {
  it('of a schedule, jitter included', async () => {
    const { jobs, control } = await setup();
    await jobs.cron('0 3 * * *', new Report(), { key: 'plain' });
    await jobs.cron('0 3 * * *', new Report(), { key: 'spread', jitter: '10m' });
    const plain = await control.coming('plain', 2);
    expect(plain).toEqual([new Date(Date.UTC(2030, 0, 1, 3)), new Date(Date.UTC(2030, 0, 2, 3))]);
    const spread = await control.coming('spread', 2);
    const late = spread.map((date, index) => date.getTime() - (plain[index]?.getTime() ?? 0));
    expect(late[0]).toBeGreaterThan(0);
    expect(late[0]).toBeLessThanOrEqual(10 * MINUTE);
    expect(late[1]).toBe(late[0]);
    expect(await control.coming('unknown')).toEqual([]);
    await expect(control.coming('plain', 0)).rejects.toThrow('count 0 is not a whole number');
  });

  it('of an expression', async () => {
    const { control } = await setup();
    const after = new Date('2026-03-28T12:00Z');
    const found = await control.preview('30 1 * * *', { timeZone: 'Europe/London', count: 2, after });
    expect(found).toEqual([new Date('2026-03-29T01:00Z'), new Date('2026-03-30T00:30Z')]);
    expect((await control.preview('@hourly')).map(timeOf)).toEqual([
      '01:00',
      '02:00',
      '03:00',
      '04:00',
      '05:00',
    ]);
    await expect(control.preview('0 0 31 2 *')).rejects.toThrow('never comes');
    await expect(control.preview('@hourly', { count: 1001 })).rejects.toThrow(InvalidOptionError);
    await expect(control.preview('@hourly', { after: new Date(NaN) })).rejects.toThrow(InvalidOptionError);
    await expect(control.preview('@hourly', { timezone: 'UTC' } as object)).rejects.toThrow("'timeZone'");
  });
});

describe('a paused schedule', () => {
  it('makes no jobs until it is resumed, and then goes on with the next tick, at once known to who sleeps', async () => {
    const { stage, jobs, control, ticks } = await setup();
    await jobs.cron('0 * * * *', new Report(), { key: 'cron', missed: 'all' });
    await jobs.every('1h', new Report(), { key: 'every', missed: 'all' });
    await stage.pass(30 * MINUTE);
    expect(ticks).toEqual(['00:00', '00:00']);
    expect(await Promise.all([control.pause('cron'), control.pause('every'), control.pause('no')])).toEqual([
      true,
      true,
      false,
    ]);
    expect(await control.pause('cron')).toBe(true);
    expect(await control.list()).toMatchObject([{ paused: true }, { paused: true }]);
    expect(await control.coming('cron')).toEqual([]);
    await stage.pass(4 * HOUR + 29.5 * MINUTE);
    expect(
      await Promise.all([control.resume('cron'), control.resume('every'), control.resume('no')]),
    ).toEqual([true, true, false]);
    expect(await control.resume('cron')).toBe(true);
    // Half a minute: less than who sleeps would wait before it looks by itself.
    await stage.pass(31_000);
    expect(ticks).toEqual(['00:00', '00:00', '05:00', '05:00']);
  });

  it('stays so when it is declared again, also with another timing', async () => {
    const { stage, jobs, control, ticks } = await setup();
    for (const expression of ['0 * * * *', '0 * * * *', '*/5 * * * *']) {
      await jobs.cron(expression, new Report(), { key: 'cron' });
      await stage.pass(100);
      await control.pause('cron');
    }
    ticks.length = 0;
    await jobs.cron('*/7 * * * *', new Report('new'), { key: 'cron' });
    await stage.pass(3 * HOUR);
    expect(ticks).toEqual([]);
    expect(await control.info('cron')).toMatchObject({ paused: true, timing: { expression: '*/7 * * * *' } });
    await control.resume('cron');
    await stage.pass(7 * MINUTE);
    expect(ticks).toEqual(['03:07']);
  });
});

describe('a trigger', () => {
  it('makes one job now, also while paused, and lets the ticks be', async () => {
    const { stage, jobs, control, ticks } = await setup();
    await jobs.cron('0 * * * *', new Report(), { key: 'cron', meta: { by: 'us' } });
    await stage.pass(20 * MINUTE);
    const id = (await control.trigger('cron')) ?? '';
    expect(await jobs.info(id)).toMatchObject({
      schedule: 'cron',
      meta: { by: 'us' },
      payload: { of: 'sales' },
    });
    await control.pause('cron');
    await control.trigger('cron');
    await control.resume('cron');
    await stage.pass(50 * MINUTE);
    expect(ticks).toEqual(['00:00', '00:20', '00:20', '01:00']);
    expect(await control.trigger('unknown')).toBeUndefined();
  });

  it('counts as the last job, so that the next tick does not overlap it', async () => {
    const { stage, jobs, control } = await setup();
    await jobs.cron('0 * * * *', new Report(), { key: 'cron', overlap: 'skip', queue: 'nobody works here' });
    await stage.pass(10 * MINUTE);
    const [first] = await control.list();
    await jobs.cancel(first?.lastJob ?? '');
    const id = await control.trigger('cron');
    await stage.pass(HOUR);
    expect(await control.info('cron')).toMatchObject({
      lastJob: id,
      lastTick: new Date(Date.UTC(2030, 0, 1, 1)),
    });
  });

  it('makes none while another job holds the unique key', async () => {
    const { jobs, control } = await setup();
    const unique = { key: 'one' };
    await jobs.cron('0 5 * * *', new Report(), { key: 'cron', unique });
    await jobs.queue(new Report(), { unique, queue: 'elsewhere' });
    expect(await control.trigger('cron')).toBeUndefined();
  });

  it('makes one job though answers were lost and other steps were taken meanwhile', async () => {
    const { storage, stage, jobs, control, ticks } = await setup();
    await jobs.every('1h', new Report(), { key: 'every' });
    await stage.pass(100);
    const fire = storage.fire.bind(storage);
    let lost = 2;
    storage.fire = async (firings: readonly Firing[]) => {
      const taken = await fire(firings);
      if (lost-- > 0) throw new StorageUnavailableError('lost');
      return taken;
    };
    const triggered = control.trigger('every');
    await stage.pass(10_000);
    expect(await triggered).toBeDefined();
    expect(ticks).toEqual(['00:00', '00:00']);
  });
});

describe('schedules that left the code', () => {
  it('are listed, and removed on request only', async () => {
    const { storage, jobs, control, declared } = await setup();
    await storage.putSchedules([
      scheduleOf({ key: 'old', origin: 'class' }),
      scheduleOf({ key: 'new', origin: 'class' }),
    ]);
    await jobs.every('1h', new Report(), { key: 'of a tenant' });
    declared.add('new');
    expect((await control.gone()).map(({ key }) => key)).toEqual(['old']);
    expect(await control.prune()).toEqual(['old']);
    expect(await control.prune()).toEqual([]);
    expect((await control.list()).map(({ key }) => key)).toEqual(['new', 'of a tenant']);
    expect(await Promise.all([control.remove('new'), control.remove('new')])).toEqual([true, false]);
  });
});
