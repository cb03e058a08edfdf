import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Poison, Work } from './fixtures/jobs.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const LEASE = 600;
const WORKERS = 3;
const SLOTS = 4;
const NEIGHBOURS = 30;
const WORK = 60;
/** Longer than any neighbour runs, so that those that begin along with the poison end before it kills. */
const FUSE = 200;
/** With the default of three lost leases that are forgiven. */
const STARTS = 4;

let stage: Stage;

describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('gives up a job that kills its process at the fourth start, and completes all others', async () => {
    const killed: number[] = [];
    for (let worker = 0; worker < WORKERS; worker++) keepAlive(killed);
    await until('the workers are up', () => stage.lines('up').length === WORKERS, { seen: stage.story });
    const before = await queueWork(NEIGHBOURS);
    const { id } = await stage.jobs.queue(new Poison(FUSE));
    const after = await queueWork(NEIGHBOURS);

    await until('the poison is dead', async () => (await stage.jobs.info(id))?.state === 'dead', {
      seen: stage.story,
    });
    const neighbours = [...before, ...after, ...(await queueWork(NEIGHBOURS))];
    const records = await until('every neighbour completed', () => completedOf(neighbours), {
      seen: stage.story,
    });
    expect(startsOf(id)).toEqual([1, 2, 3, 4]);
    expect(killed, 'processes that it killed').toHaveLength(STARTS);
    const record = await stage.jobs.info(id);
    expect(record).toMatchObject({
      state: 'dead',
      reason: 'stalled',
      stalls: STARTS,
      attempts: 0,
      errors: [],
    });
    expect(records.map(({ attempt }) => attempt)).toEqual(neighbours.map(() => 0));
  });
});

/** Starts a worker, and another one whenever it is killed by its job, as any supervisor does. */
function keepAlive(killed: number[]): void {
  const worker = stage.spawn('worker.mjs', { slots: SLOTS, lease: LEASE });
  void worker.ended.then(() => {
    if (stage.isClosing) return;
    killed.push(worker.pid);
    keepAlive(killed);
  });
}

async function queueWork(count: number): Promise<readonly string[]> {
  const jobs = Array.from({ length: count }, () => new Work(WORK));
  return (await stage.jobs.queueAll(jobs)).map(({ id }) => id);
}

function startsOf(id: string) {
  return stage
    .lines('started')
    .filter((line) => line.id === id)
    .map(({ token }) => token);
}

async function completedOf(ids: readonly string[]) {
  const records = (await stage.storage.info(ids)).flatMap((record) => record ?? []);
  return records.every(({ state }) => state === 'completed') ? records : undefined;
}
