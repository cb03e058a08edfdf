import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, encodePolicy } from '../../../lib/core/policy.js';
import type { JobContext } from '../../../lib/core/job-context.js';
import { Runner } from '../../../lib/runtime/runner.js';
import type { NewSchedule } from '../../../lib/storage/schedules.js';
import { deaf, handler, held, middle, Stage } from './stage.js';

function schedule(changes: Partial<NewSchedule> = {}): NewSchedule {
  const template = {
    name: 'work',
    queue: 'default',
    payload: '{}',
    priority: 0,
    policy: encodePolicy(DEFAULT_POLICY),
  };
  const timing = { kind: 'every', interval: 10_000 } as const;
  return { key: 'tick', timing, missed: 'skip', overlap: 'allow', template, firstIn: 10_000, ...changes };
}

const everyTen = { kind: 'cron', expression: '*/10 * * * * *', timeZone: 'UTC' } as const;

async function stop(stage: Stage): Promise<void> {
  const stopped = stage.runner.stop({ now: true });
  await stage.pass(10);
  await stopped;
}

describe('the scheduler', () => {
  it('makes a job for each tick, at most moments after it, and takes up a new schedule at once', async () => {
    const due: number[] = [];
    const stage = await Stage.set((_, context) => void due.push(context.scheduledFor.getTime()));
    const begun = stage.clock.now();
    await stage.pass(5_000);
    await stage.storage.putSchedules([schedule()]);
    await stage.pass(36_000);
    const after = due.map((at, index) => at - begun - 15_000 - index * 10_000);
    expect(after).toHaveLength(3);
    expect(Math.min(...after)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...after)).toBeLessThanOrEqual(20);
  });

  it('makes one job per tick however many processes there are', async () => {
    let runs = 0;
    const stage = await Stage.set(() => void (runs += 1));
    const others = Array.from(
      { length: 4 },
      () =>
        new Runner({
          storage: stage.storage,
          clock: stage.clock,
          chance: middle,
          queues: { default: 1 },
          handlers: [handler('work', () => void (runs += 1))],
        }),
    );
    for (const other of others) await other.start();
    await stage.storage.putSchedules([schedule()]);
    await stage.pass(101_000);
    for (const other of others) await other.stop();
    expect(runs).toBe(10);
  });

  it('does what it was told about ticks that were missed', async () => {
    for (const [missed, count] of [
      ['skip', 1],
      ['last', 1],
      [{ all: 3 }, 3],
    ] as const) {
      let runs = 0;
      const stage = await Stage.set(() => void (runs += 1), { isStarted: false });
      await stage.storage.putSchedules([schedule({ missed })]);
      stage.block(105_000);
      await stage.runner.start();
      await stage.pass(100);
      expect(runs).toBe(count);
    }
  });

  it('skips ticks while the last job has not ended, when told so', async () => {
    const stage = await Stage.set(deaf, { queues: { default: 10 } });
    await stage.storage.putSchedules([schedule({ overlap: 'skip' })]);
    await stage.pass(45_000);
    expect(stage.runner.running()).toHaveLength(1);
    const [stored] = await stage.storage.schedules();
    expect(stored?.nextAt).toBeGreaterThan(stage.clock.now());
  });

  it('goes on with the others when one schedule cannot be computed', async () => {
    let runs = 0;
    const stage = await Stage.set(() => void (runs += 1));
    const broken = { kind: 'every', interval: 0 } as const;
    await stage.storage.putSchedules([schedule({ key: 'broken', timing: broken }), schedule()]);
    stage.storage.calls.length = 0;
    await stage.pass(31_000);
    expect(runs).toBe(3);
    expect(stage.events.filter(({ kind }) => kind === 'schedule-failed')).toMatchObject([{ key: 'broken' }]);
    expect(stage.storage.count('dueSchedules')).toBeLessThan(20);
  });

  it('is not held up by however many schedules that cannot be computed', async () => {
    let runs = 0;
    const stage = await Stage.set(() => void (runs += 1));
    const timing = { kind: 'every', interval: 0 } as const;
    const broken = Array.from({ length: 250 }, (_, i) =>
      schedule({ key: `broken-${i}`, timing, firstIn: 0 }),
    );
    await stage.storage.putSchedules([...broken, schedule()]);
    await stage.pass(31_000);
    expect(runs).toBe(3);
  });

  it('makes the job of each tick by cron for the tick, the first one after the declaration', async () => {
    const due: string[] = [];
    const metas: unknown[] = [];
    const stage = await Stage.set((_, context) => {
      due.push(context.scheduledFor.toISOString().slice(11));
      metas.push(context.meta);
    });
    await stage.pass(7_300);
    const template = { ...schedule().template, meta: '{"by":"us"}' };
    await stage.storage.putSchedules([schedule({ timing: everyTen, template, firstIn: 0 })]);
    await stage.pass(40_000);
    expect(due).toEqual(['00:00:10.000Z', '00:00:20.000Z', '00:00:30.000Z', '00:00:40.000Z']);
    expect(metas).toEqual(due.map(() => ({ by: 'us' })));
  });

  it('does what it was told about ticks by cron that were missed while every process was down', async () => {
    for (const [missed, expected] of [
      ['skip', []],
      ['last', ['00:20']],
      [{ all: 2 }, ['00:15', '00:20']],
      [{ all: 1000 }, ['00:05', '00:10', '00:15', '00:20']],
    ] as const) {
      const due: string[] = [];
      const code = (_: object, context: JobContext) =>
        void due.push(context.scheduledFor.toISOString().slice(11, 16));
      const stage = await Stage.set(code);
      const timing = { ...everyTen, expression: '*/5 * * * *', offset: 30_000 };
      await stage.storage.putSchedules([schedule({ timing, missed, firstIn: 0 })]);
      await stage.pass(60_000);
      expect(due.splice(0)).toEqual(['00:00']);
      await stop(stage);
      stage.block(21 * 60_000);
      await stage.runner.start();
      await stage.pass(100);
      expect(due.toSorted()).toEqual(expected);
      due.length = 0;
      await stage.pass(210_000);
      expect(due).toEqual(['00:25']);
    }
  });

  it('skips ticks by cron while the last job waits, runs or is to be retried, and makes the next one after', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 10 } });
    await stage.storage.putSchedules([schedule({ timing: everyTen, overlap: 'skip', firstIn: 0 })]);
    await stage.pass(25_000);
    expect(runs).toHaveLength(1);
    runs[0]?.reject(new Error('It broke'));
    await stage.pass(10_000);
    // The retry, two seconds after the failure, and no job of the tick since.
    expect(runs.map(({ context }) => context.attempt)).toEqual([1, 2]);
    expect(new Set(runs.map(({ context }) => context.scheduledFor.getTime())).size).toBe(1);
    runs[1]?.resolve();
    await stage.pass(10_000);
    expect(runs).toHaveLength(3);
    expect(runs[2]?.context.scheduledFor).toEqual(new Date(Date.UTC(2030, 0, 1, 0, 0, 40)));
  });

  it('makes each tick by cron once, when processes come and go and clocks are set back', async () => {
    const due: number[] = [];
    const note = (_: object, context: JobContext) => void due.push(context.scheduledFor.getTime());
    const stage = await Stage.set(note);
    await stage.storage.putSchedules([schedule({ timing: everyTen, firstIn: 0 })]);
    const start = stage.clock.now();
    for (let round = 0; round < 10; round++) {
      const rival = new Runner({
        storage: stage.storage,
        clock: stage.clock,
        chance: middle,
        queues: { default: 1 },
        handlers: [handler('work', note)],
      });
      await rival.start();
      await stage.pass(9_000);
      if (round === 5) stage.block(-15_000);
      // Another process of an older version, again and again.
      const timing = { ...everyTen, offset: round % 2 };
      await stage.storage.putSchedules([schedule({ timing, missed: 'last', firstIn: 0 })]);
      const stopped = rival.stop({ now: true });
      await stage.pass(2_000);
      await stopped;
    }
    await stage.pass(30_000);
    const ticks = due.map((tick) => (tick - start) / 10_000);
    expect(ticks).toEqual(Array.from({ length: ticks.length }, (_, index) => index));
    expect(ticks.length).toBeGreaterThan(10);
  });

  it('sleeps long when there is nothing to do', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.calls.length = 0;
    await stage.pass(600_000);
    expect(stage.storage.count('dueSchedules')).toBeLessThanOrEqual(10);
  });
});
