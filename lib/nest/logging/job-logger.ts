import { Injectable, type Logger } from '@nestjs/common';
import { describeFailure } from '../../core/failure.js';
import type { Failure } from '../../core/job.js';
import type { JobEvent, JobReference, ProcessEvent, RunnerEvent } from '../../runtime/runner-event.js';
import { InstanceName } from '../modules/instance-name.js';
import { untaggedLogger } from './line-tags.js';
import { isSilent } from './silent-level.js';
import { printable, printableStack } from './printable.js';

const MOST_KEYS = 20;

/**
 * Says through the application's logger what happens to jobs. Never what is in them: payloads, results and `meta`
 * may hold what logs must not.
 */
@Injectable()
export class JobLogger {
  readonly #logger: Logger;
  readonly #said = new Set<string>();

  constructor({ name }: InstanceName) {
    this.#logger = untaggedLogger(name === undefined ? 'BackgroundJobs' : `BackgroundJobs(${name})`);
  }

  warn(message: string): void {
    this.#logger.warn(message);
  }

  /** For what may well be on purpose. */
  note(message: string): void {
    this.#logger.log(message);
  }

  /** For what is found again whenever somebody looks. */
  warnOnce(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#logger.warn(message);
  }

  /** Slots by queue, and the names of the jobs that this process knows. */
  started(queues: Readonly<Record<string, number>>, names: readonly string[]): void {
    const slots = Object.entries(queues).map(([queue, count]) => `${printable(queue)} (${count})`);
    this.#logger.log(`Working on ${slots.join(', ')}; jobs: ${names.map(printable).join(', ')}`);
  }

  /** Whoever pressed Ctrl-C has to know what the process waits for. `grace`: milliseconds. */
  stopping(atWork: number, grace: number): void {
    this.#logger.log(`Stopping: jobs that are at work (${atWork}) have ${grace} ms to end`);
  }

  /** By key. They go on all the same, so that somebody has to know. */
  schedulesGone(keys: readonly string[]): void {
    this.#logger.warn(
      `Schedules that a job class declared once and none here does now: ${keys.slice(0, MOST_KEYS).map(printable).join(', ')}` +
        `${keys.length > MOST_KEYS ? ` and ${keys.length - MOST_KEYS} more` : ''}. ` +
        'They go on until they are removed, such as with ScheduleControl.remove(key)',
    );
  }

  stopFailed(error: unknown): void {
    this.#error('Stopping the workers failed', error);
  }

  /** `event` is what it listened for. */
  listenerFailed(event: string, error: unknown): void {
    this.#error(`A listener for ${event} failed`, error);
  }

  /** At `queue()`; what restores says so as an event. */
  captureFailed(carrier: string, error: unknown): void {
    this.#error(`The carrier '${printable(carrier)}' failed: jobs are queued without what it carries`, error);
  }

  closeFailed(error: unknown): void {
    this.#error('Closing the storage failed', error);
  }

  /** Whether this kind of news ever makes a line. */
  says(kind: RunnerEvent['kind']): boolean {
    return !SAID_NEVER.has(kind);
  }

  event(event: RunnerEvent): void {
    if ('job' in event) this.#jobEvent(event);
    else this.#processEvent(event);
  }

  #jobEvent(event: JobEvent): void {
    if (isQuiet(event)) return this.#quietEvent(event);
    const job = describe(event.job);
    switch (event.kind) {
      case 'cancelled':
        return this.#logger.log(`${job} cancelled: ${printable(event.reason)}`);
      case 'retrying':
        return this.#logger.warn(
          `${job} failed at run ${event.job.attempt}: ${print(event.failure)}; next run in ${event.delay} ms`,
        );
      case 'dead':
        return this.#dead(event);
      case 'lost':
        return this.#logger.warn(`${job} lost its lease: what this run does no longer counts`);
      case 'stuck':
        return this.#logger.error(
          `${job} goes on although its signal aborted (${event.abortedBy}): ${event.isReleased ? 'its slot is free, the code goes on' : 'its slot stays taken until it ends'}`,
        );
      case 'result-dropped':
        return this.#logger.warn(
          `${job} completed, but its result cannot be stored: ${printable(event.problem)}`,
        );
      case 'carrier-failed':
        return this.#error(
          `${job} runs without what the carrier '${printable(event.carrier)}' restores`,
          event.error,
        );
      case 'log':
        return this.#logger.log(`${job}: ${printable(event.message)}`);
    }
  }

  // That all goes well is no news: Nest shows debug lines unless told otherwise, and a drain ends a hundred thousand.
  #quietEvent(event: QuietEvent): void {
    if (!this.says(event.kind) || isSilent('debug')) return;
    const job = describe(event.job);
    switch (event.kind) {
      case 'snoozed':
        return this.#logger.debug(`${job} put itself off for ${event.delay} ms`);
      case 'released':
        return this.#logger.debug(`${job} given back`);
      case 'started':
      case 'completed':
      case 'progressed':
    }
  }

  #dead({ job, reason, failure }: JobEvent & { readonly kind: 'dead' }): void {
    const end = `${describe(job)} is dead after run ${job.attempt} (${reason})`;
    const stack = printableStack(failure?.stack);
    const message = failure ? `${end}: ${print(failure)}` : end;
    if (stack === undefined) this.#logger.error(message);
    else this.#logger.error(message, stack);
  }

  #processEvent(event: ProcessEvent): void {
    switch (event.kind) {
      case 'storage-down':
        return this.#error(
          `The storage does not answer (${event.service}); trying again until it does`,
          event.error,
        );
      case 'storage-up':
        return this.#logger.log('The storage answers again');
      case 'rescued':
        return this.#logger.warn(`${describe(event)} ${found(event)} and is ${event.state} now`);
      case 'on-dead-failed':
        return this.#error(
          `What follows on the death of job ${printable(event.name)} ${printable(event.id)} failed`,
          event.error,
        );
      case 'loop-blocked':
        return this.#logger.warn(blocked(event.delay, event.jobs));
      case 'schedule-failed':
        return this.#error(`Schedule ${printable(event.key)} could not enqueue`, event.error);
    }
  }

  #error(message: string, error: unknown): void {
    const failure = describeFailure(error);
    const stack = printableStack(failure.stack);
    if (stack === undefined) this.#logger.error(`${message}: ${print(failure)}`);
    else this.#logger.error(`${message}: ${print(failure)}`, stack);
  }
}

const SAID_NEVER: ReadonlySet<string> = new Set(['started', 'completed', 'progressed']);
const QUIET: ReadonlySet<string> = new Set([...SAID_NEVER, 'snoozed', 'released']);

type QuietEvent = JobEvent & {
  readonly kind: 'started' | 'completed' | 'progressed' | 'snoozed' | 'released';
};

function isQuiet(event: JobEvent): event is QuietEvent {
  return QUIET.has(event.kind);
}

// A sweep finds two kinds: those whose runner is gone, and those that nobody ever took.
function found({ stalls }: ProcessEvent & { readonly kind: 'rescued' }): string {
  if (stalls === 0) return 'was taken by nobody before it expired';
  return stalls === 1 ? 'was left by its process' : `was left by its process, ${stalls} times in a row,`;
}

function describe({ name, id }: Pick<JobReference, 'name' | 'id'>): string {
  return `Job ${printable(name)} ${printable(id)}`;
}

function print({ name, message }: Failure): string {
  return printable(name === 'Error' ? message : `${name}: ${message}`);
}

function blocked(delay: number, jobs: readonly JobReference[]): string {
  const running = jobs.map(describe).join(', ') || 'no job';
  return `The event loop stood still for ${delay} ms, so that leases were in danger. Running: ${running}`;
}
