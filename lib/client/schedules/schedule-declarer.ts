import { systemChance, systemClock, type Chance, type Clock } from '../../core/clock.js';
import { checkCron } from '../../core/cron.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import { HELD_FOR, isHeld } from '../../core/held-schedule.js';
import { stableJitter } from '../../core/jitter.js';
import type { JobOptions } from '../../core/job-definition.js';
import { createIdGenerator } from '../../core/job-id.js';
import { checkName } from '../../core/name.js';
import type { PayloadCodec } from '../../core/payload.js';
import type { Timing } from '../../core/schedule.js';
import type { JobTemplate, NewSchedule } from '../../storage/schedules.js';
import type { Storage } from '../../storage/storage.js';
import type { ClassListener } from '../enqueue/class-listener.js';
import { JobPreparer, type Redefinitions } from '../enqueue/job-preparer.js';
import { Patience } from '../wait/patience.js';
import {
  parseScheduleOptions,
  type CronOptions,
  type EveryOptions,
  type ScheduleSettings,
} from './schedule-options.js';

const SHORTEST_INTERVAL = 100;

export interface ScheduleDeclarerOptions {
  readonly defaults?: JobOptions;
  readonly definitions?: Redefinitions;
  readonly codec?: PayloadCodec | undefined;
  readonly clock?: Clock;
  readonly chance?: Chance;
  readonly onClass?: ClassListener;
}

/** Turns declarations into schedules, and puts them where all processes find them. */
export class ScheduleDeclarer {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #preparer: JobPreparer;
  readonly #patience: Patience;
  /** What schemas have still to say of declared jobs. */
  readonly #checks = new WeakMap<JobTemplate, Promise<unknown>>();

  constructor(storage: Storage, options: ScheduleDeclarerOptions) {
    const { defaults = {}, definitions, codec, onClass } = options;
    const { clock = systemClock, chance = systemChance } = options;
    this.#storage = storage;
    this.#clock = clock;
    this.#preparer = new JobPreparer(createIdGenerator(clock, chance), defaults, codec, definitions, onClass);
    this.#patience = new Patience(clock, chance);
  }

  /** Throws `InvalidOptionError`, or what is wrong with the job. */
  every(interval: Duration, job: object, options: EveryOptions, where = 'every()'): NewSchedule {
    const length = checkInterval(interval, where);
    const settings = parseScheduleOptions(options, 'every', where);
    const key = checkKey(options.key);
    const schedule = this.#schedule(key, { kind: 'every', interval: length }, job, settings);
    return { ...schedule, firstIn: stableJitter(key, settings.jitter) };
  }

  /** Throws `InvalidOptionError`, or what is wrong with the job. */
  cron(expression: string, job: object, options: CronOptions, where = 'cron()'): NewSchedule {
    const settings = parseScheduleOptions(options, 'cron', where);
    const { timeZone, jitter } = settings;
    checkCron(expression, timeZone, this.#clock.now(), where);
    const key = checkKey(options.key);
    const offset = stableJitter(key, jitter);
    const timing: Timing = { kind: 'cron', expression, timeZone, ...(offset > 0 ? { offset } : {}) };
    return this.#schedule(key, timing, job, settings);
  }

  /** All or none. A paused schedule stays paused. */
  async declare(schedules: readonly NewSchedule[]): Promise<void> {
    for (const { template } of schedules) await this.#checks.get(template);
    const keys = schedules.map(({ key }) => key);
    const present = await this.#patience.call(() => this.#storage.schedules(keys));
    const held = new Set(present.filter(({ nextAt }) => isHeld(nextAt)).map(({ key }) => key));
    // Only a new timing makes use of firstIn: a paused schedule stays so with that, too.
    const declared = schedules.map((schedule) =>
      held.has(schedule.key) ? { ...schedule, firstIn: HELD_FOR } : schedule,
    );
    await this.#patience.call(() => this.#storage.putSchedules(declared));
  }

  // The first step of a cron schedule is now, by the storage's clock: it finds out when the first tick is. Computed
  // here, it would be off by however long the storage took to answer.
  #schedule(
    key: string,
    timing: Timing,
    job: object,
    { missed, overlap, job: options }: ScheduleSettings,
  ): NewSchedule {
    const template = this.#preparer.prepareTemplate(job, options);
    const check = this.#preparer.check(job, template);
    if (check) this.#checks.set(template, check);
    // Told by declare(), if that is ever called.
    check?.catch(() => {});
    return { key, timing, missed, overlap, template, firstIn: 0 };
  }
}

/** Milliseconds. Throws `InvalidOptionError`. */
function checkInterval(interval: Duration, where: string): number {
  const length = parseDuration(interval, where);
  if (length >= SHORTEST_INTERVAL) return length;
  throw new InvalidOptionError(`${where}: ${length} ms is too short; at least ${SHORTEST_INTERVAL} ms`);
}

function checkKey(key: string): string {
  return checkName(key, 'The key of a schedule');
}
