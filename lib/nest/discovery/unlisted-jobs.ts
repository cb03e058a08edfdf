import { Injectable } from '@nestjs/common';
import type { JobDefinition } from '../../core/job-definition.js';
import { JobLogger } from '../logging/job-logger.js';
import { JobsSettings } from '../settings/jobs-settings.js';

type Queued = Pick<JobDefinition, 'name' | 'class'>;

/**
 * Warns of job classes that are queued here and stand in no module here, although the workers of this process take their queue:
 * such jobs wait without a word. Once for each class, and never where the workers are off.
 */
@Injectable()
export class UnlistedJobs {
  readonly #settings: JobsSettings;
  readonly #logger: JobLogger;
  /** By name: what could not be judged when it was queued, since modules or workers were yet to come. */
  readonly #open = new Map<string, { readonly job: Queued; readonly queue: string }>();
  /** Names and aliases. Absent until the modules have been read. */
  #runnable: ReadonlySet<string> | undefined;
  #queues: Readonly<Record<string, unknown>> = {};
  readonly #warnedOf = new Set<string>();

  constructor(settings: JobsSettings, logger: JobLogger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  /** To be called with a job that is queued. True when nothing more can come of asking about its class. */
  meet(job: Queued, queue: string): boolean {
    if (this.#settings.workers === false || this.#judge(job, queue)) return true;
    this.#open.set(job.name, { job, queue });
    return false;
  }

  /** To be called with all that this process runs and works on, and again when lazily loaded modules bring more. */
  know(
    runnable: readonly Pick<JobDefinition, 'name' | 'aliases'>[],
    queues: Readonly<Record<string, unknown>>,
  ): void {
    this.#runnable = new Set(runnable.flatMap(({ name, aliases }) => [name, ...aliases]));
    this.#queues = queues;
    for (const { job, queue } of [...this.#open.values()]) {
      if (this.#judge(job, queue)) this.#open.delete(job.name);
    }
  }

  /** False when it cannot be told yet, or may come out differently for another queue. */
  #judge(job: Queued, queue: string): boolean {
    if (this.#runnable === undefined) return false;
    if (this.#runnable.has(job.name) || this.#warnedOf.has(job.name)) return true;
    const isAlone = this.#runnable.size === 0 && this.#settings.workers === 'every';
    if (!isAlone && !Object.hasOwn(this.#queues, queue)) return false;
    // One word is enough where every class would have one.
    if (!isAlone || this.#warnedOf.size === 0) {
      this.#logger.warn(isAlone ? nobodyAtAll(job) : nobodyFor(job, queue));
    }
    this.#warnedOf.add(job.name);
    return true;
  }
}

function nobodyFor(job: Queued, queue: string): string {
  return (
    `Job '${job.name}' is queued here, and nobody in this process can run it, though its workers take the queue '${queue}': ` +
    `add ${runnerOf(job)} to the providers of a module, or run it elsewhere`
  );
}

function nobodyAtAll(job: Queued): string {
  return (
    `Job '${job.name}' is queued here, and nobody in this process can run it: no module lists a job class among its providers. ` +
    `Add ${runnerOf(job)} to providers, or say workers: false and run it elsewhere`
  );
}

function runnerOf({ class: jobClass }: Queued): string {
  const hasRun = typeof (jobClass.prototype as { run?: unknown }).run === 'function';
  return hasRun ? jobClass.name : `the class with @JobHandler(${jobClass.name})`;
}
