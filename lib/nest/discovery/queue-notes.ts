import { Injectable } from '@nestjs/common';
import { DEFAULT_QUEUE } from '../../client/enqueue/job-preparer.js';
import type { JobDefinition } from '../../core/job-definition.js';
import { isSlip } from '../../core/nearest.js';
import { JobLogger } from '../logging/job-logger.js';
import { InstanceNames } from '../modules/instance-name.js';
import { JobsSettings } from '../settings/jobs-settings.js';

type Definition = JobDefinition<object, never>;

/**
 * Says at the start which jobs this process could run and does not, for want of workers on their queue, and which name among the
 * options looks like a slip for that of such a queue. Deployments are split on purpose, so that it is news, and no more.
 */
@Injectable()
export class QueueNotes {
  readonly #settings: JobsSettings;
  readonly #logger: JobLogger;
  readonly #instances: InstanceNames;

  constructor(settings: JobsSettings, logger: JobLogger, instances: InstanceNames) {
    this.#settings = settings;
    this.#logger = logger;
    this.#instances = instances;
  }

  /** To be called where there are workers, with all jobs and those among them that are new. */
  tell(all: readonly Definition[], fresh: readonly Definition[]): void {
    const named = this.#byQueue(all);
    for (const [queue, names] of this.#byQueue(fresh)) {
      this.#tellUnworked(queue, names, named);
      this.#tellUnlimited(queue, named);
    }
  }

  #tellUnworked(queue: string, names: readonly string[], named: ReadonlyMap<string, unknown>): void {
    const { workers } = this.#settings;
    if (typeof workers !== 'object' || Object.hasOwn(workers, queue)) return;
    const slip = slipFor(queue, Object.keys(workers), named);
    // Each instance of the module has all jobs, and most are never queued in its storage.
    if (slip === undefined && this.#instances.all().length > 1) return;
    this.#logger.note(
      `The workers of this process do not take the queue '${queue}', whose jobs it could run: ${names.join(', ')}. ` +
        (slip === undefined ? 'They wait for another process' : `Is it meant by '${slip}' under workers?`),
    );
  }

  #tellUnlimited(queue: string, named: ReadonlyMap<string, unknown>): void {
    const { limits } = this.#settings;
    if (limits.has(queue)) return;
    const slip = slipFor(queue, [...limits.keys()], named);
    if (slip === undefined) return;
    this.#logger.note(`No job here names the queue '${slip}' under queues. Is '${queue}' meant by it?`);
  }

  /** The names of jobs by queue. What a function of the job chooses is not known before there is a job. */
  #byQueue(definitions: readonly Definition[]): ReadonlyMap<string, readonly string[]> {
    const queues = new Map<string, string[]>();
    for (const { name, options } of definitions) {
      const queue = options.queue ?? this.#settings.defaults.queue ?? DEFAULT_QUEUE;
      if (typeof queue === 'string') queues.set(queue, [...(queues.get(queue) ?? []), name]);
    }
    return queues;
  }
}

function slipFor(
  queue: string,
  configured: readonly string[],
  named: ReadonlyMap<string, unknown>,
): string | undefined {
  return configured.find((other) => !named.has(other) && isSlip(other, queue));
}
