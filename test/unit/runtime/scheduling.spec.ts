import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, encodePolicy } from '../../../lib/core/policy.js';
import { Runner } from '../../../lib/runtime/runner.js';
import type { NewSchedule } from '../../../lib/storage/schedules.js';
import { deaf, handler, middle, Stage } from './stage.js';

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

  it('sleeps long when there is nothing to do', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.calls.length = 0;
    await stage.pass(600_000);
    expect(stage.storage.count('dueSchedules')).toBeLessThanOrEqual(10);
  });
});
