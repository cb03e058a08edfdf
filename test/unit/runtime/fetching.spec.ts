import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import type { Completion } from '../../../lib/storage/claims.js';
import { held, Stage } from './stage.js';
import { silence } from './watched-storage.js';

const down = () => {
  throw new StorageUnavailableError('gone');
};

describe('fetching', () => {
  it('runs no more jobs of a queue at once than it has slots', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 2, mail: 1 } });
    for (let i = 0; i < 5; i++) await stage.put();
    for (let i = 0; i < 3; i++) await stage.put({ queue: 'mail' });
    await stage.pass(0);
    expect(runs.map(({ context }) => context.queue)).toEqual(['default', 'default', 'mail']);
    runs[0]?.resolve();
    await stage.pass(0);
    expect(runs).toHaveLength(4);
  });

  it('records the ends of one turn with one call, and claims with the same call', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 10 } });
    for (let i = 0; i < 20; i++) await stage.put();
    await stage.pass(100);
    stage.storage.calls.length = 0;
    for (const run of runs) run.resolve();
    await stage.pass(0);
    expect(stage.storage.calls).toEqual([{ method: 'complete', size: 10 }]);
    expect(runs).toHaveLength(20);
  });

  it('gathers the ends that come while a call is under way', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 10 } });
    for (let i = 0; i < 10; i++) await stage.put();
    await stage.pass(100);
    let answer = () => {};
    stage.storage.trouble.after = () => new Promise<void>((resolve) => (answer = resolve));
    stage.storage.calls.length = 0;
    for (const run of runs) {
      run.resolve();
      await stage.pass(0);
    }
    expect(stage.storage.calls).toEqual([{ method: 'complete', size: 1 }]);
    stage.storage.trouble = {};
    answer();
    await stage.pass(0);
    expect(stage.storage.calls[1]).toEqual({ method: 'complete', size: 9 });
  });

  it('sleeps when there is nothing, and looks once per polling interval', async () => {
    const stage = await Stage.set(() => {}, { pollInterval: 1_000 });
    stage.storage.calls.length = 0;
    await stage.pass(10_000);
    expect(stage.storage.count('pop')).toBeGreaterThanOrEqual(9);
    expect(stage.storage.count('pop')).toBeLessThanOrEqual(11);
  });

  it('does not spin when a storage says that jobs are due and hands out none', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.pop = async () => {
      stage.storage.calls.push({ method: 'pop', size: 0 });
      return { jobs: [], nextIn: 0 };
    };
    stage.storage.calls.length = 0;
    await stage.pass(10_000);
    expect(stage.storage.count('pop')).toBeLessThan(30);
  });

  it('starts a job at once when its signal comes, and by polling when none does', async () => {
    const stage = await Stage.set(() => {});
    await stage.pass(100);
    expect(await stage.state(await stage.queue())).toBe('completed');
    const deaf = await Stage.set(() => {}, { isStarted: false });
    deaf.storage.subscribe = () => () => {};
    await deaf.runner.start();
    await deaf.pass(100);
    const id = await deaf.queue();
    expect(await deaf.state(id)).toBe('ready');
    await deaf.pass(1_500);
    expect(await deaf.state(id)).toBe('completed');
  });

  it('does not miss a signal that comes while a pop is under way', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false, pollInterval: 60_000 });
    let answer = () => {};
    stage.storage.trouble.after = (method) =>
      method === 'pop' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await stage.runner.start();
    await stage.pass(0);
    const id = await stage.queue();
    stage.storage.trouble = {};
    answer();
    await stage.pass(0);
    expect(await stage.state(id)).toBe('completed');
  });

  it('has never two calls under way', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.calls.length = 0;
    await stage.pass(900);
    stage.storage.trouble.before = silence;
    await stage.queue();
    await stage.pass(5_000);
    expect(stage.storage.count('pop')).toBe(1);
  });

  it('hears no signal of queues that it has no slots for', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.calls.length = 0;
    await stage.queue({ queue: 'elsewhere' });
    expect(stage.storage.count('pop')).toBe(0);
  });

  it('runs what ends at once one after the other, not one within the other', async () => {
    const depths: number[] = [];
    const limit = Error.stackTraceLimit;
    const stage = await Stage.set(() => void depths.push(new Error().stack?.split('\n').length ?? 0), {
      isStarted: false,
    });
    for (let i = 0; i < 100; i++) await stage.put();
    Error.stackTraceLimit = Infinity;
    await stage.runner.start();
    await stage.pass(0);
    Error.stackTraceLimit = limit;
    expect(depths).toHaveLength(100);
    expect(new Set(depths).size).toBe(1);
  });

  it('starts a scheduled job when it is due, not before', async () => {
    const stage = await Stage.set(() => {});
    const id = await stage.queue({ due: { in: 5_777 } });
    await stage.pass(5_776);
    expect(await stage.state(id)).toBe('scheduled');
    await stage.pass(3);
    expect(await stage.state(id)).toBe('completed');
  });

  it('leaves jobs of names that nobody here knows', async () => {
    const stage = await Stage.set(() => {});
    const id = await stage.queue({ name: 'other' });
    await stage.pass(60_000);
    expect(await stage.record(id)).toMatchObject({ state: 'ready', token: 0 });
  });

  it('puts a job off that a storage hands out though nobody asked for it', async () => {
    const stage = await Stage.set(() => {});
    const pop = stage.storage.pop.bind(stage.storage);
    stage.storage.pop = (request) => pop({ ...request, names: ['other'] });
    const id = await stage.queue({ name: 'other' });
    expect(await stage.record(id)).toMatchObject({ state: 'scheduled', attempt: 0 });
  });
});

describe('an outage', () => {
  it('loses no end of a run: it is recorded with the same token once the storage is back', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    stage.storage.trouble.before = down;
    runs[0]?.resolve('done');
    await stage.pass(14_000);
    expect(await stage.state(id)).toBe('running');
    stage.storage.trouble = {};
    await stage.pass(5_000);
    expect(await stage.record(id)).toMatchObject({
      state: 'completed',
      token: 1,
      attempt: 0,
      result: '"done"',
    });
    expect(stage.kinds().filter((kind) => kind.startsWith('storage'))).toEqual([
      'storage-down',
      'storage-up',
    ]);
    expect(runs).toHaveLength(1);
  });

  it('whose reply alone was lost runs nothing twice', async () => {
    let runs = 0;
    const stage = await Stage.set(() => void (runs += 1));
    stage.storage.trouble.after = (method) => (method === 'complete' ? down() : undefined);
    const id = await stage.queue();
    stage.storage.trouble = {};
    await stage.pass(5_000);
    expect(await stage.state(id)).toBe('completed');
    expect(runs).toBe(1);
    expect(stage.kinds()).toContain('completed');
    expect(stage.kinds()).not.toContain('lost');
  });

  it('is met with fewer and fewer calls', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.trouble.before = down;
    stage.storage.calls.length = 0;
    await stage.pass(60_000);
    expect(stage.storage.count('pop')).toBeGreaterThan(10);
    expect(stage.storage.count('pop')).toBeLessThan(30);
    expect(stage.kinds().filter((kind) => kind === 'storage-down')).toHaveLength(1);
  });

  it('that is a silence ends the call after ten seconds, and work goes on', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.trouble.before = silence;
    const id = await stage.queue();
    await stage.pass(9_000);
    stage.storage.trouble = {};
    await stage.pass(2_500);
    expect(await stage.state(id)).toBe('completed');
  });

  it('gives jobs back that a pop brings after its time', async () => {
    let runs = 0;
    const stage = await Stage.set(() => void (runs += 1), { isStarted: false, pollInterval: 60_000 });
    await stage.put();
    let answer = () => {};
    stage.storage.trouble.after = (method) =>
      method === 'pop' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await stage.runner.start();
    await stage.pass(10_050);
    stage.storage.trouble = {};
    answer();
    await stage.pass(10_000);
    expect(stage.storage.calls).toContainEqual({ method: 'release', size: 1 });
    expect(await stage.record('job-1')).toMatchObject({ state: 'completed', token: 2, stalls: 0 });
    expect(runs).toBe(1);
  });

  it('of one record keeps no other end from being recorded', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 10 } });
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) ids.push(await stage.put());
    await stage.pass(0);
    const odd = ids[3];
    stage.storage.trouble.before = (method, subject) => {
      if (method !== 'complete') return;
      if ((subject as readonly Completion[]).some(({ lease }) => lease.id === odd)) throw new Error('odd');
    };
    for (const run of runs) run.resolve();
    await stage.pass(15_000);
    const states = await Promise.all(ids.map((id) => stage.state(id)));
    expect(states.filter((state) => state === 'completed')).toHaveLength(9);
    expect(states[3]).toBe('running');
  });
});
