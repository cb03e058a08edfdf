import assert from 'node:assert/strict';
import { sleep, systemClock } from '../../core/clock.js';
import type { Storage } from '../../storage/storage.js';
import type { OpenTransaction, StorageUnderTest } from './storage-under-test.js';

const PATIENCE = 5_000;

/**
 * What a case of the contract works with: an opened storage on data of its own, and ways to be other processes
 * and to move time. Closes all it opened.
 * @publicApi
 */
export class ContractContext {
  readonly #subject: StorageUnderTest;
  readonly #opened: Storage[] = [];
  /** Opened, empty, and nobody else's. */
  readonly storage: Storage;
  /** Why the case turned out to be of no concern to the storage, if it did. */
  reason: string | undefined;

  private constructor(subject: StorageUnderTest, storage: Storage) {
    this.#subject = subject;
    this.storage = storage;
  }

  static async open(subject: StorageUnderTest): Promise<ContractContext> {
    const context = new ContractContext(subject, subject.create());
    context.#opened.push(context.storage);
    await context.storage.open();
    return context;
  }

  /** As many opened storages on the same data, as other processes would have; of one that is not shared, the same object. */
  async rivals(count: number): Promise<Storage[]> {
    if (!this.storage.capabilities.shared) return Array.from({ length: count }, () => this.storage);
    return Promise.all(Array.from({ length: count }, () => this.#openAnother()));
  }

  /** Another object that has not been opened; on the same data where the storage is shared. */
  unopened(): Storage {
    const storage = this.#subject.create();
    this.#opened.push(storage);
    return storage;
  }

  /** Closes everything and opens the same data again, as a restart would. For storages that are `durable`. */
  async reopen(): Promise<Storage> {
    await this.close();
    return this.#openAnother();
  }

  /** Moves the storage's time on by at least that many milliseconds. */
  advance(milliseconds: number): Promise<void> {
    return this.#subject.advance(milliseconds);
  }

  /** Begins a transaction of the caller's own. For storages with the capability `transactions`. */
  async transaction(): Promise<OpenTransaction> {
    const transaction = await this.#subject.transaction?.();
    assert.ok(transaction, 'a storage that joins transactions needs `transaction` to be tested');
    return transaction;
  }

  /** Waits, in real time and the storage's, until the condition holds. */
  async eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = systemClock.monotonic() + PATIENCE;
    while (!(await condition())) {
      assert.ok(systemClock.monotonic() < deadline, `never happened: ${what}`);
      await this.#subject.advance(10);
      await sleep(systemClock, 2);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((storage) => storage.close()));
  }

  async #openAnother(): Promise<Storage> {
    const storage = this.unopened();
    await storage.open();
    return storage;
  }
}
