import { setTimeout as wait } from 'node:timers/promises';
import {
  ScheduleControl,
  type JobRecord,
  type ScheduleInfo,
  type Storage,
} from 'nestjs-background-jobs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitMeta } from '../../lib/core/tick-mark.js';
import type { Actor } from './actor.js';
import { randomOf } from './random.js';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const PROCESSES = 5;
const SEED = Number(process.env.SCHEDULE_STORM_SEED ?? Date.now() % 1_000_000);
/** Longer on request: `SCHEDULE_STORM_SECONDS=120 npx vitest run --project e2e schedule-storm`. */
const SECONDS = Number(process.env.SCHEDULE_STORM_SECONDS ?? 6);

/** Twenty: by cron and by interval, together and spread, all of them without leave to lose a tick. */
const schedules = Array.from({ length: 20 }, (_, index) => {
  const options = {
    key: `schedule-${index}`,
    missed: 'all',
    ...(index % 5 === 4 ? { jitter: '800ms' } : {}),
  };
  return index % 2 === 0
    ? { ...options, cron: index % 4 === 0 ? '* * * * * *' : '*/2 * * * * *', timeZone: 'Europe/London' }
    : { ...options, every: 400 + index * 10 };
});

let stage: Stage;

describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it(
    `five processes with the same twenty schedules, restarted at random for ${SECONDS} s, make one job per tick`,
    async () => {
      const random = randomOf(SEED);
      const actors: Actor[] = Array.from({ length: PROCESSES }, spawn);
      await until('all are up', () => stage.lines('up').length >= PROCESSES, { seen: stage.story });
      const end = performance.now() + SECONDS * 1000;
      let restarts = 0;
      while (performance.now() < end) {
        await wait(random() * 400);
        const unlucky = Math.floor(random() * PROCESSES);
        await actors[unlucky]?.end(random() < 0.7 ? 'SIGKILL' : 'SIGTERM');
        actors[unlucky] = spawn();
        restarts += 1;
      }
      // One is enough to make up for what all of them missed.
      await until('all schedules have caught up', haveCaughtUp, { within: 30_000, seen: stage.story });
      await Promise.all(actors.map((actor) => actor.end('SIGKILL')));

      const made = ticksByKey(await allRecords(stage.storage));
      const stored = await new ScheduleControl(stage.storage).list();
      expect(stored).toHaveLength(schedules.length);
      for (const schedule of stored) {
        const ticks = made.get(schedule.key) ?? [];
        const what = `${schedule.key}, of ${JSON.stringify(schedule.timing)}, seed ${SEED}`;
        expect(ticks, what).toEqual(expectedOf(schedule, ticks[0] ?? 0));
        expect(ticks.length, what).toBeGreaterThanOrEqual(SECONDS / 2 - 1);
      }
      const count = [...made.values()].flat().length;
      console.info(`${count} ticks of ${stored.length} schedules through ${restarts} restarts, one job each`);
      expect(restarts).toBeGreaterThan(SECONDS / 2);
    },
    60_000 + SECONDS * 1000,
  );
});

function spawn(): Actor {
  return stage.spawn('schedule-storm.mjs', { schedules });
}

async function haveCaughtUp(): Promise<boolean> {
  const [now, all] = await Promise.all([stage.storage.now(), stage.storage.schedules()]);
  return all.every(({ nextAt }) => nextAt > now);
}

/** Each tick from the first made to the newest dealt with, once. */
function expectedOf({ timing, lastTick }: ScheduleInfo, first: number): number[] {
  const step =
    timing.kind === 'every' ? timing.interval : timing.expression.startsWith('*/2') ? 2_000 : 1_000;
  const length = ((lastTick?.getTime() ?? 0) - first) / step + 1;
  return Array.from({ length }, (_, index) => first + index * step);
}

function ticksByKey(records: readonly JobRecord[]): Map<string, number[]> {
  const ticks = new Map<string, number[]>();
  for (const { meta } of records) {
    const { mark } = splitMeta(meta);
    if (mark) ticks.set(mark.schedule, [...(ticks.get(mark.schedule) ?? []), mark.tick]);
  }
  for (const [key, found] of ticks)
    ticks.set(
      key,
      found.toSorted((a, b) => a - b),
    );
  return ticks;
}

async function allRecords(storage: Storage): Promise<JobRecord[]> {
  const records: JobRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.list({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    records.push(...page.jobs);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}
