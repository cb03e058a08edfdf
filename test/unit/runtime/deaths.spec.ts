import { describe, expect, it } from 'vitest';
import type { JobDeath } from '../../../lib/core/job-death.js';
import { NonRetryableError } from '../../../lib/core/run-errors.js';
import type { RunnerOptions } from '../../../lib/runtime/runner-options.js';
import { handler, Stage, type Code } from './stage.js';

const hopeless: Code = () => {
  throw new NonRetryableError('no such account');
};

/** A stage whose handler is told of deaths. */
async function staged(
  run: Code,
  dead: (job: object, death: JobDeath) => unknown,
  options: Partial<RunnerOptions> = {},
) {
  return Stage.set(run, { handlers: [{ ...handler('work', run), dead }], ...options });
}

describe('telling of deaths', () => {
  it.each<[string, Code, object]>([
    ['non-retryable', hopeless, { attempts: 1, failure: { message: 'no such account' } }],
    [
      'retries-exhausted',
      () => {
        throw new Error('declined');
      },
      { attempts: 1, failure: { message: 'declined' } },
    ],
  ])('tells of a run that was the last: %s', async (reason, code, rest) => {
    const seen: unknown[] = [];
    const stage = await staged(code, (job, death) => seen.push({ ...job }, death));
    const id = await stage.queue({
      payload: '{"to":"ada"}',
      meta: '{"by":"test"}',
      policy: { maxRetries: 0 },
    });
    await stage.pass(0);
    expect(seen).toEqual([
      { to: 'ada' },
      expect.objectContaining({ id, name: 'work', queue: 'default', reason, meta: { by: 'test' } }),
    ]);
    expect(seen[1]).toMatchObject(rest);
    expect(await stage.state(id)).toBe('dead');
  });

  it('tells of a payload that is invalid with what can be read of it', async () => {
    const seen: unknown[] = [];
    const stage = await staged(hopeless, (job, { reason }) => seen.push({ ...job }, reason));
    await stage.queue({ payload: '"text"' });
    await stage.pass(0);
    expect(seen).toEqual([{}, 'invalid-payload']);
  });

  it('tells of those that nobody ran: expired, and stalled', async () => {
    const seen: string[] = [];
    const stage = await staged(
      () => {},
      (_, { reason, attempts, failure }) => seen.push(`${reason} ${attempts} ${failure?.message}`),
      { maxStalls: 0, lease: 6_000, queues: { other: 1 } },
    );
    await stage.put({ expiresIn: 100 });
    await stage.put();
    await stage.storage.pop({
      runner: 'dead one',
      lease: 500,
      names: ['work'],
      queues: [{ queue: 'default', limit: 1 }],
    });
    await stage.put({ expiresIn: 100 });
    await stage.pass(10_000);
    expect(seen.toSorted()).toEqual(['expired 0 undefined', 'stalled 0 undefined']);
  });

  it('is told of a hook that throws or rejects, and jobs go on', async () => {
    let runs = 0;
    const stage = await staged(
      () => {
        runs += 1;
        throw new NonRetryableError('no');
      },
      (_, { id }) => {
        if (id === 'job-1') throw new Error('thrown');
        return Promise.reject(new Error('rejected'));
      },
    );
    const ids = [await stage.queue(), await stage.queue()];
    await stage.pass(0);
    expect(stage.events.filter(({ kind }) => kind === 'on-dead-failed')).toEqual([
      { kind: 'on-dead-failed', id: ids[0], name: 'work', queue: 'default', error: new Error('thrown') },
      { kind: 'on-dead-failed', id: ids[1], name: 'work', queue: 'default', error: new Error('rejected') },
    ]);
    await stage.queue();
    expect(runs).toBe(3);
  });

  it('tells ten at a time', async () => {
    let running = 0;
    let most = 0;
    const open: (() => void)[] = [];
    const stage = await staged(
      hopeless,
      async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => open.push(resolve));
        running -= 1;
      },
      { queues: { default: 50 } },
    );
    for (let count = 0; count < 25; count++) await stage.put();
    await stage.pass(0);
    expect([running, most]).toEqual([10, 10]);
    for (let told = 0; told < 25; told++) {
      open[told]?.();
      await stage.pass(0);
    }
    expect([open.length, most]).toEqual([25, 10]);
  });

  it('has a runner that stops wait for it, two seconds at most', async () => {
    let open = () => {};
    const ends: string[] = [];
    const stage = await staged(hopeless, async () => {
      await new Promise<void>((resolve) => (open = resolve));
      ends.push('told');
    });
    await stage.queue();
    await stage.pass(0);
    const stopped = stage.runner.stop().then(() => ends.push('stopped'));
    await stage.pass(1_000);
    expect(ends).toEqual([]);
    open();
    await stopped;
    expect(ends).toEqual(['told', 'stopped']);
    await stage.runner.start();
    await stage.queue();
    const again = stage.runner.stop().then(() => ends.push('stopped'));
    await stage.pass(2_000);
    await again;
    expect(ends).toEqual(['told', 'stopped', 'stopped']);
  });
});
