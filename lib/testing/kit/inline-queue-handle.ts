import { QueueHandle } from '../../client/queue-handle.js';
import type { QueueHandleOptions } from '../../client/queue-handle-options.js';
import type { BatchOptions, QueueOptions } from '../../client/enqueue/queue-options.js';
import type { Pushed } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';

/** Resolves once the jobs have run. Those of a transaction cannot run before it is committed. */
export class InlineQueueHandle extends QueueHandle {
  readonly #onQueued: () => Promise<void>;

  constructor(storage: Storage, options: QueueHandleOptions, onQueued: () => Promise<void>) {
    super(storage, options);
    this.#onQueued = onQueued;
  }

  override async queue(job: object, options?: QueueOptions): Promise<Pushed> {
    const pushed = await super.queue(job, options);
    if ((options?.transaction ?? false) === false) await this.#onQueued();
    return pushed;
  }

  override async queueAll(jobs: readonly object[], options?: BatchOptions): Promise<readonly Pushed[]> {
    const pushed = await super.queueAll(jobs, options);
    if ((options?.transaction ?? false) === false) await this.#onQueued();
    return pushed;
  }
}
