import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRecord } from 'nestjs-background-jobs/core';
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
    await killAll(workers);

    const next = await nextTicks();
    const every = (await jobsOf('every-tick')).map(({ runAt }) => runAt).toSorted((a, b) => a - b);
    const ticks = Array.from(
      { length: (next.all - first.all) / INTERVAL },
      (_, n) => first.all + n * INTERVAL,
    );
    expect(every.length, 'one job for each tick that came').toBe(ticks.length);
    // With as many jobs as ticks, a tick that was made twice would make the jobs after it come early.
    expect(every.filter((runAt, n) => runAt < (ticks[n] ?? Infinity))).toEqual([]);

    const made = (await jobsOf('last-tick')).map(({ id }) => madeAt(id)).toSorted((a, b) => a - b);
    const slots = made.map((at) => Math.floor((at - first.last) / INTERVAL));
    expect(slots, 'no tick is made twice').toEqual([...new Set(slots)]);
    expect(made.filter((at) => at < first.last || at >= next.last)).toEqual([]);
    expect(
      every.length - made.length,
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

/** When the runner that fired the tick made the job: the time in a UUIDv7. A storage keeps no tick that is past. */
function madeAt(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16);
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
