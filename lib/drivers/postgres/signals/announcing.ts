import type { SignalHub } from '../../../storage/signal.js';

/** What happened that others may wait for. */
export interface News {
  /** Queues in which jobs may have become ready. */
  readonly ready?: readonly string[];
  readonly cancel?: boolean;
  readonly schedule?: boolean;
}

/** Tells this process what it did, once that is committed, and has the other processes told. */
export class Announcing {
  readonly #hub: SignalHub;
  #tellOthers: ((news: News) => void) | undefined;

  constructor(hub: SignalHub) {
    this.#hub = hub;
  }

  /** Where news for other processes goes; nowhere until then. */
  connect(tellOthers: ((news: News) => void) | undefined): void {
    this.#tellOthers = tellOthers;
  }

  tell(news: News): void {
    const { ready = [], cancel = false, schedule = false } = news;
    if (ready.length === 0 && !cancel && !schedule) return;
    this.hear(news);
    this.#tellOthers?.(news);
  }

  /** Tells this process what another one did. */
  hear({ ready = [], cancel = false, schedule = false }: News): void {
    if (ready.length > 0) this.#hub.emit({ kind: 'ready', queues: ready });
    if (cancel) this.#hub.emit({ kind: 'cancel' });
    if (schedule) this.#hub.emit({ kind: 'schedule' });
  }
}
