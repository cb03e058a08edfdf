import { isSameTiming } from '../../core/schedule.js';
import type { DueSchedules, Firing, NewSchedule, Schedule } from '../../storage/schedules.js';
import type { Pushing } from './pushing/pushing.js';
import { scriptOf } from './connection/redis-connection.js';
import { DECLARED, FIRE, NEXT, OF_KEYS, PUT, REMOVE_SCHEDULES } from './schedule-table.lua.js';
import type { ScriptRunner } from './connection/script-runner.js';

const scripts = {
  put: scriptOf(PUT),
  declared: scriptOf(DECLARED),
  next: scriptOf(NEXT),
  ofKeys: scriptOf(OF_KEYS),
  remove: scriptOf(REMOVE_SCHEDULES),
  fire: scriptOf(FIRE),
};
const ALL = 1_000_000;

type Declared = Omit<NewSchedule, 'firstIn'>;
type ScheduleReply = [declared: string, nextAt: string, watermark: string | null, lastJob: string | null];

/** The schedules of the storage. */
export class ScheduleTable {
  readonly #runner: ScriptRunner;
  readonly #pushing: Pushing;
  /** What this process declared: should the data be lost, it declares it again. */
  readonly #own = new Map<string, NewSchedule>();

  constructor(runner: ScriptRunner, pushing: Pushing) {
    this.#runner = runner;
    this.#pushing = pushing;
  }

  async put(schedules: readonly NewSchedule[]): Promise<void> {
    for (const schedule of schedules) this.#own.set(schedule.key, schedule);
    await this.#declare([...new Map(schedules.map((schedule) => [schedule.key, schedule])).values()]);
  }

  async declareAgain(): Promise<void> {
    await this.#declare([...this.#own.values()]);
  }

  async all(keys?: readonly string[]): Promise<Schedule[]> {
    const found = keys ? await this.#ofKeys([...new Set(keys)]) : (await this.#next(ALL)).found;
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async remove(keys: readonly string[]): Promise<boolean[]> {
    for (const key of keys) this.#own.delete(key);
    const answers = await this.#runner.run<number[]>(scripts.remove, () => keys);
    return answers.map((answer) => answer === 1);
  }

  async due(limit: number): Promise<DueSchedules> {
    const { now, found } = await this.#next(limit);
    const due = found.slice(0, limit).filter(({ nextAt }) => nextAt <= now);
    const next = found[due.length];
    return next === undefined ? { now, due } : { now, due, nextIn: Math.max(0, next.nextAt - now) };
  }

  async fire(firings: readonly Firing[]): Promise<boolean[]> {
    const answers = await this.#runner.run<number[]>(
      scripts.fire,
      () =>
        firings.flatMap(({ key, expected, watermark, nextAt, jobs }) => {
          const pushed = this.#pushing.encode(jobs);
          return [key, String(expected), String(watermark), String(nextAt), String(pushed.length), ...pushed];
        }),
      firings.flatMap(({ jobs }) => jobs),
    );
    return answers.map((answer) => answer === 1);
  }

  /** Whether a timing is the same is for the core to say: the write holds if the declaration is still what was read. */
  async #declare(schedules: readonly NewSchedule[]): Promise<void> {
    let left = schedules;
    while (left.length > 0) {
      const trying = left;
      const present = await this.#runner.run<string[]>(scripts.declared, () => trying.map(({ key }) => key));
      const refused = await this.#runner.run<number[]>(scripts.put, () =>
        trying.flatMap(({ firstIn, ...schedule }, nth) => {
          const before = present[nth] ?? '';
          const isSame =
            before !== '' && isSameTiming((JSON.parse(before) as Declared).timing, schedule.timing);
          return [schedule.key, before, JSON.stringify(schedule), isSame ? '' : String(firstIn)];
        }),
      );
      left = refused.flatMap((nth) => trying[nth] ?? []);
    }
  }

  async #ofKeys(keys: readonly string[]): Promise<Schedule[]> {
    const [, ...found] = await this.#runner.run<[number, ...ScheduleReply[]]>(scripts.ofKeys, () => keys);
    return found.map(scheduleOf);
  }

  /** One more than asked for, to know when the next comes. */
  async #next(limit: number): Promise<{ readonly now: number; readonly found: Schedule[] }> {
    const [now, ...found] = await this.#runner.run<[number, ...ScheduleReply[]]>(scripts.next, () => [
      String(limit),
    ]);
    return { now, found: found.map(scheduleOf) };
  }
}

function scheduleOf([declared, nextAt, watermark, lastJob]: ScheduleReply): Schedule {
  return {
    ...(JSON.parse(declared) as Declared),
    nextAt: Number(nextAt),
    ...(watermark === null ? {} : { watermark: Number(watermark) }),
    ...(lastJob === null ? {} : { lastJob }),
  };
}
