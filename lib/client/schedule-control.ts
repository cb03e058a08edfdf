import { systemChance, systemClock, type Chance, type Clock } from '../core/clock.js';
import { checkCron, CronTimes } from '../core/cron.js';
import { InvalidOptionError } from '../core/errors.js';
import { HELD_AT, isHeld } from '../core/held-schedule.js';
import { createIdGenerator } from '../core/job-id.js';
import { checkKnownOptions } from '../core/known-options.js';
import { NO_TICK, resumeAt } from '../core/schedule.js';
import { markTick } from '../core/tick-mark.js';
import type { NewJob } from '../storage/new-job.js';
import type { Schedule } from '../storage/schedules.js';
import type { Storage } from '../storage/storage.js';
import { Patience } from './wait/patience.js';
import { comingOf, toScheduleInfo, type ScheduleInfo } from './schedules/schedule-info.js';

const MOST_COMING = 1000;

/** Options of a `ScheduleControl`. @publicApi */
export interface ScheduleControlOptions {
  /** Whether a job class of this process declares a schedule with the key. @default none does */
  readonly isDeclared?: (key: string) => boolean;
  readonly clock?: Clock;
  readonly chance?: Chance;
}

/** Options of `preview`. @publicApi */
export interface PreviewOptions {
  /** IANA name. @default 'UTC' */
  readonly timeZone?: string;
  /** How many times, from 1 to 1000. @default 5 */
  readonly count?: number;
  /** Only times later than this. @default now, by the storage's clock */
  readonly after?: Date;
}

/**
 * What an operator does with schedules: look, pause, trigger, remove. Changes hold for the whole cluster and
 * outlast restarts. Calls that got no answer are repeated for ten seconds, then throw `StorageUnavailableError`.
 * @publicApi
 */
export class ScheduleControl {
  readonly #storage: Storage;
  readonly #patience: Patience;
  readonly #createId: () => string;
  readonly #isDeclared: (key: string) => boolean;

  /** Without Nest: the storage must be open. */
  constructor(storage: Storage, options: ScheduleControlOptions = {}) {
    const { clock = systemClock, chance = systemChance, isDeclared = () => false } = options;
    this.#storage = storage;
    this.#patience = new Patience(clock, chance);
    this.#createId = createIdGenerator(clock, chance);
    this.#isDeclared = isDeclared;
  }

  /** All schedules, by key. */
  async list(): Promise<readonly ScheduleInfo[]> {
    const [now, schedules] = await Promise.all([this.#now(), this.#all()]);
    return schedules.map((schedule) => toScheduleInfo(schedule, now));
  }

  /** One schedule; `undefined` when there is none with the key. */
  async info(key: string): Promise<ScheduleInfo | undefined> {
    const [now, schedule] = await Promise.all([this.#now(), this.#find(key)]);
    return schedule && toScheduleInfo(schedule, now);
  }

  /**
   * When a schedule makes its next jobs, jitter included, as far as is known now: `overlap` may skip some. None
   * while it is paused or unknown.
   *
   * @param count from 1 to 1000
   */
  async coming(key: string, count = 5): Promise<readonly Date[]> {
    checkCount(count, 'coming()');
    const [now, schedule] = await Promise.all([this.#now(), this.#find(key)]);
    return schedule ? comingOf(schedule, now, count) : [];
  }

  /** The next times of a cron expression, without a schedule. Throws `InvalidOptionError` as `cron` does. */
  async preview(expression: string, options: PreviewOptions = {}): Promise<readonly Date[]> {
    checkKnownOptions(options, ['timeZone', 'count', 'after'], 'preview()');
    const { timeZone = 'UTC', count = 5, after } = options;
    checkCount(count, 'preview()');
    const from = after?.getTime() ?? (await this.#now());
    if (Number.isNaN(from)) throw new InvalidOptionError('preview(): after is an invalid date');
    checkCron(expression, timeZone, from, 'preview()');
    const times = new CronTimes(expression, timeZone);
    const found: Date[] = [];
    for (let next = times.after(from); next !== undefined && found.length < count; next = times.after(next)) {
      found.push(new Date(next));
    }
    return found;
  }

  /**
   * Makes no more jobs until it is resumed, through restarts and new declarations too. Jobs that were made go on.
   * False when there is no schedule with the key; true also when it was paused already.
   */
  pause(key: string): Promise<boolean> {
    return this.#step(key, ({ nextAt }) => (isHeld(nextAt) ? undefined : HELD_AT));
  }

  /**
   * Goes on with the next tick; ticks that came while it was paused make no jobs. False when there is no schedule
   * with the key; true also when it was not paused.
   */
  async resume(key: string): Promise<boolean> {
    const now = await this.#now();
    return this.#step(key, (schedule) => (isHeld(schedule.nextAt) ? resumeAt(schedule, now) : undefined));
  }

  /**
   * Enqueues the schedule's job now, beside its ticks, also while it is paused or its last job has not ended. Then
   * this is its last job, as `overlap` sees it. Resolves with the job's id, `undefined` when there is no schedule with
   * the key, or when another job holds its `unique` key.
   */
  async trigger(key: string): Promise<string | undefined> {
    const now = await this.#now();
    const id = this.#createId();
    const made = await this.#step(
      key,
      ({ nextAt }) => nextAt,
      ({ template }) => [
        { ...template, id, due: { in: 0 }, meta: markTick({ schedule: key, tick: now }, template.meta) },
      ],
    );
    if (!made) return undefined;
    const [record] = await this.#patience.call(() => this.#storage.info([id]));
    return record?.id;
  }

  /** Removes a schedule; jobs that it made stay. False when there was none. A class that declares it makes it anew at boot. */
  async remove(key: string): Promise<boolean> {
    const [isRemoved] = await this.#patience.call(() => this.#storage.removeSchedules([key]));
    return isRemoved === true;
  }

  /**
   * Schedules that some job class declared and no class of this process does: left in the storage by code that is
   * gone, or declared by another application. They go on until they are removed.
   */
  async gone(): Promise<readonly ScheduleInfo[]> {
    const all = await this.list();
    return all.filter(({ key, origin }) => origin === 'class' && !this.#isDeclared(key));
  }

  /**
   * Removes all that `gone` lists; resolves with their keys. Only where every job class is known: not while old
   * and new processes run side by side, and not where several applications share a storage.
   */
  async prune(): Promise<readonly string[]> {
    const keys = (await this.gone()).map(({ key }) => key);
    if (keys.length > 0) await this.#patience.call(() => this.#storage.removeSchedules(keys));
    return keys;
  }

  #now(): Promise<number> {
    return this.#patience.call(() => this.#storage.now());
  }

  #all(): Promise<readonly Schedule[]> {
    return this.#patience.call(() => this.#storage.schedules());
  }

  async #find(key: string): Promise<Schedule | undefined> {
    const found = await this.#patience.call(() => this.#storage.schedules([key]));
    return found.find((schedule) => schedule.key === key);
  }

  /** Takes one step, unless `nextOf` says that there is none to take. False when there is no such schedule. */
  async #step(
    key: string,
    nextOf: (schedule: Schedule) => number | undefined,
    jobsOf: (schedule: Schedule) => readonly NewJob[] = () => [],
  ): Promise<boolean> {
    for (;;) {
      const schedule = await this.#find(key);
      if (schedule === undefined) return false;
      const nextAt = nextOf(schedule);
      if (nextAt === undefined) return true;
      const { nextAt: expected, watermark = NO_TICK } = schedule;
      const firing = { key, expected, watermark, nextAt, jobs: jobsOf(schedule) };
      const [isTaken] = await this.#patience.call(() => this.#storage.fire([firing]));
      // Another process took a step in between; it does so at most once per tick.
      if (isTaken === true) return true;
    }
  }
}

function checkCount(count: number, where: string): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_COMING) return;
  throw new InvalidOptionError(
    `${where}: count ${String(count)} is not a whole number from 1 to ${MOST_COMING}`,
  );
}
