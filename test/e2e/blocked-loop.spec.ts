import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Block } from './fixtures/jobs.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const LEASE = 600;

let stage: Stage;
describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('drops what a run returns after its blocked process lost the lease to another', async () => {
    stage.spawn('worker.mjs', { slots: 2, lease: LEASE });
    stage.spawn('worker.mjs', { slots: 2, lease: LEASE });
    await until('two workers are up', () => stage.lines('up').length === 2, { seen: stage.story });
    const { id } = await stage.jobs.queue(new Block(3 * LEASE));

    await until('the blocked run lost its lease', () => stage.lines('lost').length > 0, {
      seen: stage.story,
    });
    const [first, second] = stage.lines('started');
    expect([first?.token, second?.token]).toEqual([1, 2]);
    expect(second?.pid, 'the process that took over').not.toBe(first?.pid);
    expect(stage.lines('lost')).toMatchObject([{ id, token: 1, pid: first?.pid }]);
    expect(stage.lines('completed')).toMatchObject([{ id, token: 2, pid: second?.pid }]);
    expect(await stage.jobs.info(id)).toMatchObject({ state: 'completed', result: 'run 2', attempts: 0 });
  });
});
