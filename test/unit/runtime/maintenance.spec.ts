import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { DEFAULT_KEEP } from '../../../lib/core/keep.js';
import { deaf, Stage } from './stage.js';

const DEAD = { runner: 'dead', lease: 30_000, names: ['work'], queues: [{ queue: 'default', limit: 1000 }] };

describe('the rescuer', () => {
  it('finds the jobs of a runner that died, within lease and sweep, and has them run', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false });
    const id = await stage.put();
    await stage.storage.pop(DEAD);
    await stage.runner.start();
    await stage.pass(29_000);
    expect(await stage.state(id)).toBe('running');
    await stage.pass(16_000);
    expect(await stage.record(id)).toMatchObject({ state: 'completed', attempt: 0 });
    expect(stage.event('rescued')).toMatchObject({ id, name: 'work', stalls: 1, state: 'ready' });
  });

  it('takes as many batches as it needs', async () => {
    const stage = await Stage.set({ other: () => {} }, { isStarted: false });
    for (let i = 0; i < 350; i++) await stage.put();
    await stage.storage.pop(DEAD);
    stage.block(31_000);
    await stage.runner.start();
    stage.storage.calls.length = 0;
    await stage.pass(15_000);
    expect(stage.events.filter(({ kind }) => kind === 'rescued')).toHaveLength(350);
    expect(stage.storage.count('rescue')).toBeLessThanOrEqual(7);
  });

  it('gives a job up after too many lost leases, as told', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false, maxStalls: 0 });
    const id = await stage.put();
    await stage.storage.pop(DEAD);
    await stage.runner.start();
    await stage.pass(45_000);
    expect(await stage.record(id)).toMatchObject({ state: 'dead', reason: 'stalled' });
    expect(stage.event('rescued')).toMatchObject({ id, state: 'dead', reason: 'stalled' });
  });

  it('sweeps between a sixth and a half of the lease', async () => {
    for (const [random, sweeps] of [
      [0, 12],
      [0.999, 4],
    ] as const) {
      const chance = { random: () => random, fill: (bytes: Uint8Array) => void bytes.fill(1) };
      const stage = await Stage.set(() => {}, { chance });
      stage.storage.calls.length = 0;
      await stage.pass(60_500);
      expect(stage.storage.count('rescue')).toBe(sweeps);
    }
  });

  it('goes on after an outage', async () => {
    const stage = await Stage.set(deaf);
    stage.storage.trouble.before = (method) => {
      if (method === 'rescue') throw new StorageUnavailableError('gone');
    };
    await stage.pass(60_000);
    expect(stage.event('storage-down')).toMatchObject({ service: 'rescuer' });
    stage.storage.trouble = {};
    await stage.pass(10_000);
    expect(stage.kinds()).toContain('storage-up');
  });
});

describe('the pruner', () => {
  it('removes records whose time is over, in batches with breaks', async () => {
    const stage = await Stage.set(() => {}, { queues: { default: 100 } });
    const policy = { keep: { ...DEFAULT_KEEP, completed: 10_000 } };
    for (let i = 0; i < 1_200; i++) await stage.put({ policy });
    await stage.pass(0);
    expect(await stage.state('job-1')).toBe('completed');
    const begun: number[] = [];
    stage.storage.trouble.before = (method) =>
      void (method === 'prune' && begun.push(stage.clock.monotonic()));
    await stage.pass(40_000);
    expect(await stage.state('job-1200')).toBeUndefined();
    expect(begun).toHaveLength(3);
    expect((begun[1] ?? 0) - (begun[0] ?? 0)).toBeGreaterThanOrEqual(5);
  });

  it('keeps looking now and then', async () => {
    const stage = await Stage.set(() => {});
    stage.storage.calls.length = 0;
    await stage.pass(300_000);
    expect(stage.storage.count('prune')).toBe(10);
  });
});
