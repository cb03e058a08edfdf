import { describe, expect, it } from 'vitest';
import { InvalidPayloadError, StorageUnavailableError } from '../../../lib/core/errors.js';
import { held, Stage } from './stage.js';

describe('progress', () => {
  it('of all runs is written together, the newest value of each, at most four times a second', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 3 } });
    for (let i = 0; i < 3; i++) await stage.put();
    await stage.pass(0);
    for (let percent = 0; percent < 100; percent++) {
      for (const { context } of runs) context.progress(percent);
      await stage.pass(10);
    }
    const writes = stage.storage.calls.filter(({ method }) => method === 'progress');
    expect(writes.length).toBeGreaterThanOrEqual(3);
    expect(writes.length).toBeLessThanOrEqual(4);
    expect(writes.every(({ size }) => size === 3)).toBe(true);
    await stage.pass(250);
    expect((await stage.record('job-2'))?.progress).toBe('99');
  });

  it('reported last is visible after the end', async () => {
    const stage = await Stage.set(async (_, { progress }) => {
      progress({ step: 1 });
      progress({ step: 2 });
    });
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({ state: 'completed', progress: '{"step":2}' });
  });

  it('under way when the run ends does not overtake what came after it', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    let answer = () => {};
    stage.storage.trouble.before = (method) =>
      method === 'progress' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    runs[0]?.context.progress(1);
    await stage.pass(250);
    runs[0]?.context.progress(2);
    runs[0]?.resolve();
    await stage.pass(0);
    expect(await stage.state(id)).toBe('running');
    expect(stage.storage.count('progress')).toBe(1);
    stage.storage.trouble = {};
    answer();
    await stage.pass(0);
    expect(await stage.record(id)).toMatchObject({ state: 'completed', progress: '2' });
  });

  it('that cannot be stored is refused where it is reported', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set((_, { progress }) => {
      for (const value of [1n, 'x'.repeat(5_000), new Date(0)]) {
        try {
          progress(value);
        } catch (error) {
          seen.push(error);
        }
      }
    });
    await stage.queue();
    expect(seen).toEqual(Array.from({ length: 3 }, () => expect.any(InvalidPayloadError)));
  });

  it('that the storage does not take is no harm to its job', async () => {
    const stage = await Stage.set((_, { progress }) => progress(50));
    stage.storage.trouble.before = (method) => {
      if (method === 'progress') throw new StorageUnavailableError('gone');
    };
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({ state: 'completed' });
  });

  it('reported after the end is nothing', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    runs[0]?.resolve();
    await stage.pass(0);
    runs[0]?.context.progress(1);
    await stage.pass(1_000);
    expect(stage.storage.count('progress')).toBe(0);
    expect(await stage.state(id)).toBe('completed');
  });
});
