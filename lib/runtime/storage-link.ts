import type { Clock } from '../core/clock.js';
import { StorageUnavailableError } from '../core/errors.js';
import type { Storage } from '../storage/storage.js';
import type { Events } from './events.js';

/** Longer than any healthy call takes, short enough to try again well within a lease. Milliseconds. */
export const CALL_LIMIT = 10_000;

export interface CallOptions<T> {
  /** Milliseconds. @default CALL_LIMIT */
  readonly limit?: number;
  /** Gets the answer that came after the limit: a late `pop` holds leases that nobody else knows of. */
  readonly late?: (answer: T) => void;
}

/** The storage as a runner calls it: no call hangs for ever, and an outage is told once. */
export class StorageLink {
  readonly storage: Storage;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #failing = new Set<string>();
  readonly #waiting = new Set<(when: string) => void>();

  constructor(storage: Storage, clock: Clock, events: Events) {
    this.storage = storage;
    this.#clock = clock;
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#failing.size === 0;
  }

  /** Rejects with `StorageUnavailableError` at the limit. Whether the call took effect is then unknown. */
  async call<T>(
    service: string,
    send: (storage: Storage) => Promise<T>,
    options?: CallOptions<T>,
  ): Promise<T> {
    try {
      const answer = await this.#limited(service, send, options);
      this.#succeeded(service);
      return answer;
    } catch (error) {
      this.#failed(service, error);
      throw error;
    }
  }

  /** Gives up on all calls under way: nothing of this runner waits any longer. */
  close(): void {
    for (const giveUp of this.#waiting) giveUp('before the runner stopped');
  }

  #limited<T>(service: string, send: (storage: Storage) => Promise<T>, options?: CallOptions<T>): Promise<T> {
    const limit = options?.limit ?? CALL_LIMIT;
    return new Promise((resolve, reject) => {
      const giveUp = (when: string) => {
        end();
        reject(
          new StorageUnavailableError(
            `The ${this.storage.name} storage did not answer the ${service} ${when}`,
          ),
        );
      };
      const timer = this.#clock.after(limit, () => giveUp(`within ${limit} ms`));
      const end = () => {
        timer.cancel();
        return this.#waiting.delete(giveUp);
      };
      this.#waiting.add(giveUp);
      send(this.storage).then(
        (answer) => (end() ? resolve(answer) : options?.late?.(answer)),
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  }

  #failed(service: string, error: unknown): void {
    const isNew = this.isUp;
    this.#failing.add(service);
    if (!isNew || !this.#events.hears('storage-down')) return;
    this.#events.emit({ kind: 'storage-down', service, error });
  }

  #succeeded(service: string): void {
    if (this.#failing.size === 0) return;
    if (!this.#failing.delete(service) || this.#failing.size > 0) return;
    this.#events.emit({ kind: 'storage-up' });
  }
}
