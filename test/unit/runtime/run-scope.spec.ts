import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { JobContext } from '../../../lib/core/job-context.js';
import { Stage, held } from './stage.js';

const request = new AsyncLocalStorage<string>();

describe('a run', () => {
  it('knows nothing of the request in which its job was queued, though that woke the runner', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set(async () => {
      seen.push(request.getStore());
      await Promise.resolve();
      seen.push(request.getStore());
    });
    await request.run('of a request', () => stage.put());
    await stage.pass(0);
    expect(seen).toEqual([undefined, undefined]);
  });

  it('knows nothing of what the job before it entered', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set(() => {
      seen.push(request.getStore());
      request.enterWith('of another job');
    });
    await Promise.all([stage.put(), stage.put(), stage.put()]);
    await stage.pass(0);
    expect(seen).toEqual([undefined, undefined, undefined]);
  });

  it('knows nothing of what a listener entered', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set(() => void seen.push(request.getStore()), {
      onEvent: ({ kind }) => void (kind === 'started' && request.enterWith('of a listener')),
    });
    await stage.queue();
    expect(seen).toEqual([undefined]);
  });

  it('knows nothing of whoever started the runner', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set(() => void seen.push(request.getStore()), { isStarted: false });
    await request.run('of a cold start', () => stage.runner.start());
    await stage.queue();
    expect(seen).toEqual([undefined]);
  });

  it('leaves nothing of a request with the runner, whose calls to the storage go on for ever', async () => {
    const stage = await Stage.set(() => {});
    const seen: unknown[] = [];
    const { storage } = stage;
    for (const method of ['pop', 'complete'] as const) {
      const call = storage[method].bind(storage) as (...values: unknown[]) => never;
      storage[method] = (...values: unknown[]) => {
        seen.push(request.getStore());
        return call(...values);
      };
    }
    await request.run('of a request', () => stage.put());
    await stage.pass(5_000);
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});

describe('JobContext.current()', () => {
  it('finds the run that calls, however deep, and each its own', async () => {
    const { code, runs } = held();
    const seen: (string | undefined)[] = [];
    const deep = async () => {
      await Promise.resolve();
      seen.push(JobContext.current()?.id);
    };
    const stage = await Stage.set(
      async (job, context) => {
        await code(job, context);
        await deep();
      },
      { queues: { default: 2 }, tracksRuns: true },
    );
    const [first, second] = [await stage.queue(), await stage.queue()];
    runs[1]?.resolve();
    await stage.pass(0);
    runs[0]?.resolve();
    await stage.pass(0);
    expect(seen).toEqual([second, first]);
  });

  it('finds none outside of runs, nor where the runner works between them', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set(() => {}, {
      tracksRuns: true,
      onEvent: ({ kind }) => void (kind === 'completed' && seen.push(JobContext.current())),
    });
    await stage.queue();
    expect(JobContext.current()).toBeUndefined();
    expect(seen).toEqual([undefined]);
  });
});
