import { Carrying } from '../../client/enqueue/carrying.js';
import type { JobPreparer } from '../../client/enqueue/job-preparer.js';
import type { QueueOptions } from '../../client/enqueue/queue-options.js';
import type { JobClass } from '../../core/job-definition.js';
import type { ResultOf } from '../../core/job-result.js';
import type { JobsSettings } from '../../nest/settings/jobs-settings.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { DrivenInstance } from './driver.js';
import { failAssertion, readQueued, unexpected, type QueuedJob, type QueuedMatch } from './queued-job.js';

/** What a test deals with of one instance of the module. */
export interface Instance {
  readonly driven: DrivenInstance;
  readonly storage: Storage;
  readonly settings: JobsSettings;
  readonly preparer: JobPreparer;
}

/**
 * The jobs of one instance of the module under test: what was queued with it, and single runs. `jobs.instance('reports')`
 * has those of an instance with a name; `JobsTesting` itself is this for the one without. Matchers take either.
 * @publicApi
 */
export class InstanceTesting {
  readonly #instance: () => Instance;

  /** @internal `instance`: there once the module was compiled. */
  constructor(instance: () => Instance) {
    this.#instance = instance;
  }

  /**
   * Runs one job alone, once, and resolves with what it returned or rejects with what it threw, itself. It goes the
   * whole way through the storage, and leaves nothing there; a delay, a unique key and a group do not hold it up.
   */
  async run<J extends object>(job: J, options?: QueueOptions): Promise<ResultOf<J>> {
    const { driven, preparer, settings } = this.#instance();
    const [laden] = new Carrying(settings.context.carriers).load([preparer.prepare(job, options)]);
    const run = await driven.run(laden as NewJob);
    if ('error' in run) throw run.error;
    if ('result' in run) return run.result as ResultOf<J>;
    return failAssertion(`Job '${run.name}' did not come to an end of its own: it is ${run.outcome}`);
  }

  /** The jobs of the class that were queued and match, in whatever state, the oldest first, as long as records are kept. */
  async queued<J extends object>(
    jobClass: JobClass<J>,
    match: QueuedMatch<J> = {},
  ): Promise<readonly QueuedJob<J>[]> {
    const all = await this.#all(jobClass);
    return all.filter((job) => unexpected(jobClass, [job], match, undefined) === undefined);
  }

  /** Rejects with a message that shows the nearest job unless one that matches was queued; with `times`, exactly so many. */
  async expectQueued<J extends object>(
    jobClass: JobClass<J>,
    match: QueuedMatch<J> & { readonly times?: number } = {},
  ): Promise<void> {
    const problem = await this.explainQueued(jobClass, match);
    if (problem !== undefined) failAssertion(problem);
  }

  /** Rejects when a job that matches was queued. */
  expectNotQueued<J extends object>(jobClass: JobClass<J>, match: QueuedMatch<J> = {}): Promise<void> {
    return this.expectQueued(jobClass, { ...match, times: 0 });
  }

  /** The message of `expectQueued`, for matchers; `undefined` where all is as expected. */
  async explainQueued<J extends object>(
    jobClass: JobClass<J>,
    { times, ...match }: QueuedMatch<J> & { readonly times?: number } = {},
  ): Promise<string | undefined> {
    return unexpected(jobClass, await this.#all(jobClass), match as QueuedMatch<J>, times);
  }

  async #all<J extends object>(jobClass: JobClass<J>): Promise<readonly QueuedJob<J>[]> {
    const { storage, settings } = this.#instance();
    return readQueued(storage, jobClass, settings.codec);
  }
}
