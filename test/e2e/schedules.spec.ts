import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRecord } from 'nestjs-background-jobs/core';
import { splitMeta } from '../../lib/core/tick-mark.js';
import type { Actor } from './actor.js';
import { declareSchedules } from './fixtures/schedules.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const INTERVAL = 200;
const LEASE = 600;
const PROCESSES = 3;
const RESTARTS = 6;
/** Milliseconds during which no process is there. */
const GAP = 6 * INTERVAL;

let stage: Stage;

describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('makes each tick once, whatever is killed and restarted, and one job for those that nobody saw', async () => {
    // Declared before any process is there, and by each of them again.
    await declareSchedules(stage.storage, INTERVAL);
    const first = await nextTicks();
    const workers = Array.from({ length: PROCESSES }, start);
    for (let restart = 0; restart < RESTARTS; restart++) {
      // Each time at another moment between two ticks.
      await ticksGoOn(2 * INTERVAL + (restart * INTERVAL) / RESTARTS);
      await workers.shift()?.end('SIGKILL');
      workers.push(start());
    }
    await killAll(workers);
    const deserted = await stage.storage.now();
    await until('nobody was there for a while', async () => (await stage.storage.now()) > deserted + GAP);
    workers.push(...Array.from({ length: PROCESSES }, start));
    await ticksGoOn(3 * INTERVAL);
    await until('nothing is to be made up for', async () => (await nextTicks()).all > deserted + 2 * GAP, {
      seen: stage.story,
    });
    await killAll(workers);

    const next = await nextTicks();
    const every = ticksOf(await jobsOf('every-tick'));
    expect(every, 'one job for each tick that came').toEqual(
      Array.from({ length: (next.all - first.all) / INTERVAL }, (_, n) => first.all + n * INTERVAL),
    );

    const made = ticksOf(await jobsOf('last-tick'));
    expect(made, 'no tick is made twice').toEqual([...new Set(made)]);
    expect(
      made.filter((at) => at < first.last || at >= next.last || (at - first.last) % INTERVAL !== 0),
    ).toEqual([]);
    expect(
      every.filter((tick) => !made.includes(tick)).length,
      'ticks that nobody saw, but for the one job for all of them',
    ).toBeGreaterThanOrEqual(GAP / INTERVAL - 2);
  });
});

function start(): Actor {
  return stage.spawn('worker.mjs', { slots: 4, lease: LEASE, interval: INTERVAL });
}

/** The tick to come, of each of the two schedules. */
async function nextTicks(): Promise<{ readonly last: number; readonly all: number }> {
  const schedules = await stage.storage.schedules();
  const nextOf = (key: string) => schedules.find((schedule) => schedule.key === key)?.nextAt ?? NaN;
  return { last: nextOf('last'), all: nextOf('all') };
}

/** The ticks that made the jobs, in order: the jobs carry them, since a storage keeps no due time that is past. */
function ticksOf(jobs: readonly JobRecord[]): readonly number[] {
  return jobs.map(({ meta }) => splitMeta(meta).mark?.tick ?? NaN).toSorted((a, b) => a - b);
}

async function killAll(workers: Actor[]): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')));
}

/** Waits until so many milliseconds have passed and a tick of about then has made its job. */
async function ticksGoOn(milliseconds: number): Promise<void> {
  const at = (await stage.storage.now()) + milliseconds;
  await until('that time', async () => (await stage.storage.now()) > at);
  const isThere = async () => ((await jobsOf('last-tick')).at(0)?.runAt ?? 0) > at - INTERVAL;
  await until('a job of a tick of that time', isThere, { seen: stage.story });
}

/** All of one name, the newest first. */
async function jobsOf(name: string): Promise<readonly JobRecord[]> {
  const { jobs, cursor } = await stage.storage.list({ name, limit: 1_000 });
  expect(cursor, 'there is one page only').toBeUndefined();
  expect(jobs.filter(({ state, attempt }) => state === 'dead' || attempt > 0)).toEqual([]);
  return jobs;
}
