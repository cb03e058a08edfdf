import { describe, expect, it } from 'vitest';
import { held, Stage } from './stage.js';

const releasing = { releaseStuck: ['default'] };

describe('code that is stuck, where its queue releases the slot', () => {
  it('has failed by its timeout, and the next job gets the slot', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, releasing);
    const id = await stage.queue({ policy: { timeout: 1_000, maxRetries: 0 } });
    const next = await stage.queue();
    await stage.pass(5_900);
    expect(runs).toHaveLength(1);
    await stage.pass(200);
    expect(await stage.record(id)).toMatchObject({ state: 'dead', reason: 'retries-exhausted' });
    expect(stage.event('stuck')).toMatchObject({ job: { id }, abortedBy: 'timeout', isReleased: true });
    expect(runs.map(({ context }) => context.id)).toEqual([id, next]);
    expect(stage.runner.running()).toMatchObject([
      { id, isStray: true },
      { id: next, isStray: false },
    ]);
    expect(stage.runner.isHealthy).toBe(false);
    // Its end gives no slot back: it has none.
    runs[0]?.resolve();
    await stage.queue();
    await stage.pass(60_000);
    expect(runs).toHaveLength(2);
    expect(stage.runner.isHealthy).toBe(true);
    runs[1]?.resolve();
    await stage.pass(0);
    expect(runs).toHaveLength(3);
  });

  it('is cancelled when that was asked for', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, releasing);
    const id = await stage.queue();
    await stage.queue();
    await stage.storage.cancel([id], 'no longer');
    await stage.pass(5_500);
    expect(await stage.record(id)).toMatchObject({ state: 'cancelled', cancelReason: 'no longer' });
    expect(runs).toHaveLength(2);
    // What it comes to in the end changes nothing.
    runs[0]?.resolve('done after all');
    await stage.pass(0);
    expect(await stage.record(id)).toMatchObject({ state: 'cancelled' });
  });

  it('keeps no second run of its job beside it, nor takes it more than one slot', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, releasing);
    const id = await stage.queue({ policy: { timeout: 1_000 } });
    await stage.pass(60_000);
    expect(runs).toHaveLength(1);
    runs[0]?.resolve();
    await stage.pass(10_000);
    expect(runs.map(({ context }) => [context.id, context.attempt])).toEqual([
      [id, 1],
      [id, 2],
    ]);
  });

  it('goes on without a slot only as often as there are slots, so that not all memory goes with it', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { ...releasing, queues: { default: 2 } });
    for (let count = 0; count < 10; count++) {
      await stage.put({ policy: { timeout: 1_000, maxRetries: 0 } });
    }
    await stage.pass(60_000);
    expect(runs).toHaveLength(4);
    const stuck = stage.events.flatMap((event) => (event.kind === 'stuck' ? [event.isReleased] : []));
    expect(stuck).toEqual([true, true, false, false]);
    // One that went on without a slot comes to its end: the next that gets stuck may go on in its place.
    runs[0]?.resolve();
    runs[2]?.resolve();
    await stage.pass(60_000);
    expect(runs).toHaveLength(6);
  });

  it('leaves other queues as they are', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { releaseStuck: ['default'], queues: { default: 1, mail: 1 } });
    await stage.queue({ queue: 'mail', policy: { timeout: 1_000, maxRetries: 0 } });
    const next = await stage.queue({ queue: 'mail' });
    await stage.pass(60_000);
    expect(runs).toHaveLength(1);
    expect(stage.event('stuck')).toMatchObject({ isReleased: false });
    expect(await stage.state(next)).toBe('ready');
  });

  it('holds up no stop', async () => {
    const { code } = held();
    const stage = await Stage.set(code, releasing);
    const id = await stage.queue({ policy: { timeout: 1_000, maxRetries: 0 } });
    await stage.pass(7_000);
    const stopped = stage.runner.stop().then(() => stage.clock.monotonic());
    const began = stage.clock.monotonic();
    await stage.pass(10_000);
    expect((await stopped) - began).toBeLessThan(100);
    expect(await stage.state(id)).toBe('dead');
  });
});
