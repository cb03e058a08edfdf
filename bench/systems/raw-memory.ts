import type { Mail, System } from '../system.js';
import { RawLoop } from './raw-loop.js';

const BATCH = 500;

/** An array and a loop. */
export class RawMemory implements System {
  readonly settings = `an array, batches of ${BATCH}`;
  #mails: Mail[] = [];
  #taken = 0;
  readonly #loop = new RawLoop<Mail>({
    next: () => this.#next(),
    mailOf: (mail) => mail,
  });

  async open() {}

  async enqueue(mail: Mail) {
    this.#mails.push(mail);
    this.#loop.wake();
  }

  async enqueueAll(mails: readonly Mail[]) {
    this.#mails.push(...mails);
    this.#loop.wake();
  }

  async start(concurrency: number, run: (mail: Mail) => Promise<void>) {
    this.#loop.start(concurrency, run);
  }

  async isDrained() {
    return this.#loop.isWaiting;
  }

  async serverCpu() {
    return 0;
  }

  stop() {
    return this.#loop.stop();
  }

  async close() {
    this.#mails = [];
  }

  #next(): readonly Mail[] {
    const batch = this.#mails.slice(this.#taken, this.#taken + BATCH);
    this.#taken += batch.length;
    if (this.#taken === this.#mails.length) {
      this.#mails = [];
      this.#taken = 0;
    }
    return batch;
  }
}
