import type { CronOptions, EveryOptions } from '../client/schedules/schedule-options.js';
import type { Duration } from '../core/duration.js';
import type { JobClass } from '../core/job-definition.js';

/** Options of `@Every`. @publicApi */
export interface ClassEveryOptions<J extends object = object> extends Omit<EveryOptions, 'key'> {
  /** Identifies the schedule in the whole cluster. Several schedules of one class need a key each. @default the job's name */
  readonly key?: string;
  /** Makes the job that is enqueued at each tick; asked once, at boot. @default () => new TheClass() */
  readonly job?: () => J;
}

/** Options of `@Cron`. @publicApi */
export interface ClassCronOptions<J extends object = object> extends ClassEveryOptions<J> {
  /** IANA name of the time zone on whose wall the expression is read. @default 'UTC' */
  readonly timeZone?: CronOptions['timeZone'];
}

/** A schedule as a class declares it. */
export type ClassSchedule =
  | { readonly kind: 'every'; readonly interval: Duration; readonly options: ClassEveryOptions }
  | { readonly kind: 'cron'; readonly expression: string; readonly options: ClassCronOptions };

/** A class whose jobs can be made without arguments. */
export type ArgumentlessJobClass<J extends object = object> = new () => J;

/**
 * Has jobs of the class enqueued whenever a cron expression comes, as `QueueHandle.cron` does: once per tick for the
 * whole cluster. Stands beside `@Job`, also several times. Each process with workers declares it when it starts; a
 * schedule that leaves the code goes on until it is removed (`ScheduleControl.gone`).
 *
 * A class whose constructor has parameters says what to enqueue: `{ job: () => new Report('sales') }`.
 *
 * What is wrong with it (expression, time zone, an option, two schedules with one key) fails at boot with
 * `InvalidOptionError`.
 * @publicApi
 */
export function Cron<J extends object>(
  expression: string,
  options: ClassCronOptions<J> & { readonly job: () => J },
): (jobClass: JobClass<J>) => void;
export function Cron(
  expression: string,
  options?: ClassCronOptions & { readonly job?: undefined },
): (jobClass: ArgumentlessJobClass) => void;
export function Cron(expression: string, options: ClassCronOptions = {}): (jobClass: JobClass) => void {
  return (jobClass) => addSchedule(jobClass, { kind: 'cron', expression, options });
}

/**
 * Has jobs of the class enqueued once per interval, as `QueueHandle.every` does. All else is as with `@Cron`.
 * `@Job({ every: '5m' })` is the short form without options.
 *
 * @param interval at least 100 ms
 * @publicApi
 */
export function Every<J extends object>(
  interval: Duration,
  options: ClassEveryOptions<J> & { readonly job: () => J },
): (jobClass: JobClass<J>) => void;
export function Every(
  interval: Duration,
  options?: ClassEveryOptions & { readonly job?: undefined },
): (jobClass: ArgumentlessJobClass) => void;
export function Every(interval: Duration, options: ClassEveryOptions = {}): (jobClass: JobClass) => void {
  return (jobClass) => addSchedule(jobClass, { kind: 'every', interval, options });
}

/** The schedules that exactly this class declares, in the order in which they are written. */
export function schedulesOf(jobClass: JobClass): readonly ClassSchedule[] {
  return schedules.get(jobClass) ?? [];
}

// Decorators are applied from the last to the first.
export function addSchedule(jobClass: JobClass, schedule: ClassSchedule): void {
  schedules.set(jobClass, [schedule, ...schedulesOf(jobClass)]);
}

const schedules = new WeakMap<JobClass, readonly ClassSchedule[]>();
