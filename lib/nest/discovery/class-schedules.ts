import { Injectable } from '@nestjs/common';
import { ScheduleControl } from '../../client/schedule-control.js';
import { ScheduleDeclarer } from '../../client/schedules/schedule-declarer.js';
import { InvalidJobError, InvalidOptionError } from '../../core/errors.js';
import type { JobClass, JobDefinition } from '../../core/job-definition.js';
import type { NewSchedule } from '../../storage/schedules.js';
import { DeclaredKeys } from './declared-keys.js';
import { JobLogger } from '../logging/job-logger.js';
import { schedulesOf, type ClassSchedule } from '../schedule.decorators.js';

/** The schedules that the job classes of this application declare. */
@Injectable()
export class ClassSchedules {
  readonly #declarer: ScheduleDeclarer;
  readonly #control: ScheduleControl;
  readonly #keys: DeclaredKeys;
  readonly #logger: JobLogger;
  readonly #schedules: NewSchedule[] = [];
  #declared = 0;

  constructor(declarer: ScheduleDeclarer, control: ScheduleControl, keys: DeclaredKeys, logger: JobLogger) {
    this.#declarer = declarer;
    this.#control = control;
    this.#keys = keys;
    this.#logger = logger;
  }

  /**
   * To be called with the jobs that are there, and again with those that come later. Throws `InvalidOptionError` for a schedule that
   * cannot be, `InvalidJobError` when its job cannot be made, and then prepares none.
   */
  prepare(definitions: readonly JobDefinition[]): void {
    const schedules = definitions.flatMap((definition) =>
      schedulesOf(definition.class).map((schedule) => this.#prepare(definition, schedule)),
    );
    const keys = schedules.map(({ key }) => key);
    const twice = keys.find((key, nth) => this.#keys.has(key) || keys.indexOf(key) < nth);
    if (twice !== undefined) throw sameKey(twice, [...this.#schedules, ...schedules]);
    this.#schedules.push(...schedules);
    for (const key of keys) this.#keys.add(key);
  }

  /** Puts those that are new where all processes find them. */
  async declare(): Promise<void> {
    const schedules = this.#schedules.slice(this.#declared);
    if (schedules.length > 0) await this.#declarer.declare(schedules);
    this.#declared += schedules.length;
  }

  /** Tells of those that left the code. */
  async tellGone(): Promise<void> {
    const gone = await this.#control.gone();
    if (gone.length > 0) this.#logger.schedulesGone(gone.map(({ key }) => key));
  }

  #prepare(definition: JobDefinition, schedule: ClassSchedule): NewSchedule {
    const { key = definition.name, job: make, ...rest } = schedule.options;
    const options = { ...rest, key };
    const job = makeJob(definition, make);
    const prepared =
      schedule.kind === 'cron'
        ? this.#declarer.cron(schedule.expression, job, options, `Job '${definition.name}': @Cron`)
        : this.#declarer.every(schedule.interval, job, options, `Job '${definition.name}': every`);
    return { ...prepared, origin: 'class' };
  }
}

function makeJob({ name, class: jobClass }: JobDefinition, make: (() => object) | undefined): object {
  const job = make ? make() : construct(name, jobClass);
  if (job instanceof jobClass && job.constructor === jobClass) return job;
  throw new InvalidJobError(`Job '${name}': the option job of a schedule must return a ${jobClass.name}`);
}

function construct(name: string, jobClass: JobClass): object {
  try {
    return new (jobClass as new () => object)();
  } catch (error) {
    throw new InvalidJobError(
      `Job '${name}': ${jobClass.name} cannot be made without arguments. Say what its schedule enqueues: { job: () => new ${jobClass.name}(…) }`,
      { cause: error },
    );
  }
}

function sameKey(key: string, schedules: readonly NewSchedule[]): InvalidOptionError {
  const names = schedules.filter((schedule) => schedule.key === key).map(({ template }) => template.name);
  return new InvalidOptionError(
    `Two schedules have the key '${key}', of ${[...new Set(names)].map((name) => `job '${name}'`).join(' and ')}: give each a key of its own`,
  );
}
