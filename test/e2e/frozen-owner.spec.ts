import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from './actor.js';
import { Freeze } from './fixtures/jobs.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage, type Line } from './stage.js';
import { until } from './until.js';

const LEASE = 1_000;

let stage: Stage;

describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('changes nothing while the next owner runs, when a frozen one thaws and says that its run is over', async () => {
    const { id, frozen, second } = await freezeOwner(2_000);
    thaw(frozen);
    await until('the frozen run was told', () => stage.lines('lost').length > 0, { seen: stage.story });
    expect(await stage.storage.info([id])).toMatchObject([{ state: 'running', token: 2 }]);
    await until('the second run completed', () => stage.lines('completed').length > 0, { seen: stage.story });
    await expectSecondRun(id, frozen, second);
  });

  it('changes nothing when the next owner has completed the job before', async () => {
    const { id, frozen, second } = await freezeOwner(0);
    await until('the second run completed', () => stage.lines('completed').length > 0, { seen: stage.story });
    const before = await stage.storage.info([id]);
    thaw(frozen);
    await until('the frozen run was told', () => stage.lines('lost').length > 0, { seen: stage.story });
    expect(await stage.storage.info([id])).toEqual(before);
    await expectSecondRun(id, frozen, second);
  });
});

/** A job whose first owner is frozen in the middle of its run, and whose second has begun to run it, for `later` ms. */
async function freezeOwner(later: number) {
  const workers = [start(), start()];
  await until('two workers are up', () => stage.lines('up').length === 2, { seen: stage.story });
  const { id } = await stage.jobs.queue(new Freeze(later));
  const first = await until('it runs', () => stage.lines('started').at(0), { seen: stage.story });
  const frozen = workers.find(({ pid }) => pid === first.pid);
  if (frozen === undefined) throw new Error(`No worker is process ${first.pid}`);
  const second = await until('another one runs it', () => stage.lines('started').at(1), {
    seen: stage.story,
  });
  return { id, frozen, second };
}

function start(): Actor {
  return stage.spawn('worker.mjs', { slots: 2, lease: LEASE });
}

function thaw({ pid }: Actor): void {
  process.kill(pid, 'SIGCONT');
}

async function expectSecondRun(id: string, frozen: Actor, second: Line): Promise<void> {
  expect(stage.lines('started').map(({ token }) => token)).toEqual([1, 2]);
  expect(second.pid, 'the process that took over').not.toBe(frozen.pid);
  expect(stage.lines('lost')).toMatchObject([{ id, token: 1, pid: frozen.pid }]);
  expect(stage.lines('completed')).toMatchObject([{ id, token: 2, pid: second.pid }]);
  expect(await stage.storage.info([id])).toMatchObject([
    { state: 'completed', token: 2, result: '"run 2"', attempt: 0, stalls: 0 },
  ]);
}
