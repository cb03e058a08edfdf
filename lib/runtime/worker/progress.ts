import type { Clock } from '../../core/clock.js';
import { encodeValue } from '../../core/payload.js';
import { DeadlineTimer } from '../../core/deadline-timer.js';
import type { StorageLink } from '../storage-link.js';
import type { Execution } from './execution.js';

const LIMIT = 4 * 1024;
const INTERVAL = 250;

/**
 * The newest progress of each run, written together a few times a second. A write that fails is dropped: newer
 * news follows, and no job may suffer for it.
 */
export class Progress {
  readonly #link: StorageLink;
  readonly #clock: Clock;
  readonly #timer: DeadlineTimer;
  #unsent = new Map<Execution, string>();
  #sending = new Set<Execution>();
  #tail: Promise<void> = Promise.resolve();

  constructor(link: StorageLink, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    this.#timer = new DeadlineTimer(clock, () => {
      void this.flush();
      return Infinity;
    });
  }

  stop(): void {
    this.#timer.stop();
  }

  /** Throws `InvalidPayloadError` when the value cannot be stored. */
  report(execution: Execution, value: unknown): void {
    const text = encodeValue(value, LIMIT);
    if (execution.isSettled || !execution.isRunning) return;
    execution.hasReported = true;
    this.#unsent.set(execution, text);
    this.#timer.cover(this.#clock.monotonic() + INTERVAL);
  }

  /** Whether something of this run is not stored yet. */
  isPending(execution: Execution): boolean {
    return this.#unsent.has(execution) || this.#sending.has(execution);
  }

  /** Resolves once all that was reported before is stored or given up. */
  flush(): Promise<void> {
    // One write at a time, or an older value could overtake a newer one.
    this.#tail = this.#tail.then(() => this.#send());
    return this.#tail;
  }

  async #send(): Promise<void> {
    if (this.#unsent.size === 0) return;
    const reports = [...this.#unsent].map(([{ job }, progress]) => ({ lease: job, progress }));
    this.#sending = new Set(this.#unsent.keys());
    this.#unsent = new Map();
    await this.#link.call('progress', (storage) => storage.progress(reports)).catch(drop);
    this.#sending.clear();
  }
}

function drop(): void {}
