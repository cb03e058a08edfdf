import type { SignalHub } from '../../storage/signal.js';
import type { JobQueue } from './job-queue.js';

/** Gathers where jobs became ready during one step, and tells once the step is done. */
export class ReadyNews {
  readonly #hub: SignalHub;
  readonly #queues = new Set<string>();
  #last: JobQueue | undefined;

  constructor(hub: SignalHub) {
    this.#hub = hub;
  }

  note(queue: JobQueue): void {
    if (queue === this.#last) return;
    this.#last = queue;
    this.#queues.add(queue.name);
  }

  tell(): void {
    if (this.#last === undefined) return;
    const queues = [...this.#queues];
    this.#queues.clear();
    this.#last = undefined;
    this.#hub.emit({ kind: 'ready', queues });
  }
}
