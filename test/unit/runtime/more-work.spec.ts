import { describe, expect, it } from 'vitest';
import { held, handler, Stage } from './stage.js';

describe('a runner that is given more work', () => {
  it('takes jobs of the new names at once, and says so to others', async () => {
    const stage = await Stage.set({ work: () => {} });
    const id = await stage.put({ name: 'late' });
    await stage.pass(0);
    expect((await stage.record(id))?.state).toBe('ready');
    stage.runner.add({ handlers: [handler('late', () => {})] });
    await stage.pass(100);
    expect((await stage.record(id))?.state).toBe('completed');
    expect((await stage.storage.runners())[0]).toMatchObject({
      names: ['work', 'late'],
      queues: { default: 1 },
    });
  });

  it('works on the new queues, and leaves the slots of the others as they are', async () => {
    const { code, runs } = held();
    const stage = await Stage.set({ work: code });
    for (let nth = 0; nth < 3; nth++) {
      await stage.put();
      await stage.put({ name: 'late', queue: 'mail' });
    }
    stage.runner.add({ handlers: [handler('late', code)], queues: { default: 9, mail: 2 } });
    await stage.pass(100);
    expect(runs.map(({ context }) => context.queue).toSorted()).toEqual(['default', 'mail', 'mail']);
    expect((await stage.storage.runners())[0]?.queues).toEqual({ default: 1, mail: 2 });
  });

  it('keeps it for the next start, where it does not run just now', async () => {
    const stage = await Stage.set({ work: () => {} }, { isStarted: false });
    stage.runner.add({ handlers: [handler('late', () => {})], queues: { mail: 1 } });
    const id = await stage.put({ name: 'late', queue: 'mail' });
    await stage.runner.start();
    await stage.pass(100);
    expect((await stage.record(id))?.state).toBe('completed');
  });

  it('refuses a name that has a handler, and impossible slots, and then takes nothing of it', async () => {
    const stage = await Stage.set({ work: () => {} });
    const more = [handler('late', () => {}), handler('work', () => {})];
    expect(() => stage.runner.add({ handlers: more })).toThrow("Job 'work' has two handlers");
    expect(() => stage.runner.add({ handlers: [handler('late', () => {})], queues: { mail: 0 } })).toThrow(
      /mail/,
    );
    const id = await stage.put({ name: 'late' });
    await stage.pass(2_000);
    expect((await stage.record(id))?.state).toBe('ready');
  });
});
