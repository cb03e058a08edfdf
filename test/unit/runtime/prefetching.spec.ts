import { describe, expect, it } from 'vitest';
import type { RunnerOptions } from '../../../lib/runtime/runner-options.js';
import { Prefetch } from '../../../lib/runtime/worker/prefetch.js';
import { Stage, type Code } from './stage.js';

describe('the allowance beyond the free slots', () => {
  it('is nothing until a run has ended, and again when the guess was wrong', () => {
    const prefetch = new Prefetch();
    expect(prefetch.allowance(10)).toBe(0);
    prefetch.learn(1);
    expect(prefetch.allowance(10)).toBe(250);
    prefetch.forget();
    expect(prefetch.allowance(10)).toBe(0);
  });

  it('is about 25 ms of work for the slots, at most 500', () => {
    for (const [duration, slots, allowance] of [
      [0, 1, 500],
      [0.001, 10, 500],
      [5, 10, 50],
      [25, 4, 4],
      [100, 1, 0],
      [1000, 10, 0],
    ] as const) {
      const prefetch = new Prefetch();
      prefetch.learn(duration);
      expect(prefetch.allowance(slots)).toBe(allowance);
    }
  });

  it('shrinks at once when a run takes long, and grows back slowly', () => {
    const prefetch = new Prefetch();
    for (let i = 0; i < 100; i++) prefetch.learn(0.01);
    prefetch.learn(1000);
    expect(prefetch.allowance(10)).toBe(2);
    for (let i = 0; i < 100; i++) prefetch.learn(0.01);
    expect(prefetch.allowance(10)).toBe(500);
  });
});

describe('prefetched jobs', () => {
  /** Short jobs, then one that blocks the only slot. */
  async function blocked() {
    const started: string[] = [];
    let release = () => {};
    const code: Code = (_, { id }) => {
      started.push(id);
      if (id === 'long') return new Promise<void>((resolve) => (release = resolve));
      return undefined;
    };
    const stage = await Stage.set(code, { isStarted: false });
    await stage.put({ id: 'first' });
    await stage.put({ id: 'long' });
    for (let i = 0; i < 5; i++) await stage.put({ id: `next-${i}` });
    await stage.runner.start();
    await stage.pass(0);
    return { stage, started, release: () => release() };
  }

  it('come with the claim after the first run, and start as soon as the slot is free', async () => {
    const { stage, started, release } = await blocked();
    expect(started).toEqual(['first', 'long']);
    expect(await stage.state('next-0')).toBe('running');
    await stage.pass(100);
    stage.storage.calls.length = 0;
    release();
    await stage.pass(0);
    expect(started).toHaveLength(7);
    expect(stage.storage.calls.length).toBeLessThan(7);
  });

  it('are given back, uncharged and in their old place, when they waited for 250 ms', async () => {
    const { stage, started } = await blocked();
    const before = await stage.record('next-0');
    await stage.pass(249);
    expect(await stage.state('next-0')).toBe('running');
    await stage.pass(2);
    const after = await stage.record('next-0');
    expect(after).toMatchObject({ state: 'ready', attempt: 0, stalls: 0, runAt: before?.runAt });
    await stage.pass(5_000);
    expect(await stage.state('next-4')).toBe('ready');
    expect(started).toEqual(['first', 'long']);
  });

  it('are given back at once when the runner stops', async () => {
    const { stage, started, release } = await blocked();
    const stopped = stage.runner.stop();
    await stage.pass(0);
    expect(await stage.record('next-0')).toMatchObject({ state: 'ready', stalls: 0 });
    release();
    await stage.pass(0);
    await stopped;
    expect(started).toEqual(['first', 'long']);
    expect(await stage.state('long')).toBe('completed');
  });

  it('have their leases kept and end at once when cancelled', async () => {
    const { stage, started, release } = await blocked();
    await stage.storage.cancel(['next-2'], 'changed my mind');
    await stage.pass(100);
    expect(await stage.record('next-2')).toMatchObject({
      state: 'cancelled',
      cancelReason: 'changed my mind',
    });
    release();
    await stage.pass(0);
    expect(started).not.toContain('next-2');
    expect(started).toHaveLength(6);
  });

  it('run once each and in order in a line that never gets empty', async () => {
    const started: string[] = [];
    const stage = await Stage.set(
      (_, { id }) => {
        started.push(id);
        return started.length < 3
          ? undefined
          : new Promise<void>((resolve) => void stage.clock.after(0, resolve));
      },
      { isStarted: false },
    );
    const ids: string[] = [];
    for (let i = 0; i < 1_200; i++) ids.push(await stage.put());
    await stage.runner.start();
    await stage.pass(0);
    while (started.length < 1_200) await stage.pass(0);
    expect(started).toEqual(ids);
  });

  it('are asked for before those that came begin, while more are due', async () => {
    const started: string[] = [];
    const stage = await Stage.set((_, { id }) => void started.push(id), { isStarted: false });
    for (let i = 0; i < 2_000; i++) await stage.put();
    let atAnswer = -1;
    const askedAt: number[] = [];
    stage.storage.trouble = {
      before: () => void (atAnswer === started.length && askedAt.push(atAnswer)),
      after: () => void (atAnswer = started.length),
    };
    // As long as runs follow upon one another without a wait, nothing else has its turn.
    stage.clock.soon = (call) => void setImmediate(call);
    await stage.runner.start();
    while (started.length < 2_000) await new Promise(setImmediate);
    expect(askedAt.filter((at) => at < 2_000)).not.toHaveLength(0);
    expect(stage.storage.count('pop') + stage.storage.count('complete')).toBeLessThan(15);
  });

  it.each<[string, object, Partial<RunnerOptions>]>([
    ['in a queue with limits', {}, { limited: ['default'] }],
    ['in a queue with groups', { group: 'g' }, {}],
  ])('are none %s, whose places they would take from others', async (_, job, options) => {
    let release = () => {};
    const code: Code = (_job, { id }) =>
      id === 'long' ? new Promise<void>((resolve) => (release = resolve)) : undefined;
    const stage = await Stage.set(code, { isStarted: false, ...options });
    for (const id of ['first', 'long', 'next']) await stage.put({ id, ...job });
    await stage.runner.start();
    await stage.pass(0);
    expect(await stage.state('long')).toBe('running');
    expect(await stage.state('next')).toBe('ready');
    release();
    await stage.pass(0);
    expect(await stage.state('next')).toBe('completed');
  });
});
