import { defineJob, QueueHandle, Runner, type Storage } from 'nestjs-background-jobs/core';
import type { BatchSettings, Mail, System } from '../system.js';
import type { TemporaryFile } from './temporary-file.js';

/** The job of all measures, ours to enqueue. */
export class MailJob implements Mail {
  readonly index: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;

  constructor({ index, to, subject, body }: Mail) {
    this.index = index;
    this.to = to;
    this.subject = subject;
    this.body = body;
  }
}

const definition = defineJob<object>(MailJob, { name: 'mail' });

/** What `Ours` needs: an unopened storage, and how to judge its figures. */
export interface OurSettings {
  readonly storage: Storage;
  readonly settings: string;
  readonly keepsCompleted: boolean;
  readonly file?: TemporaryFile;
}

/** The library at its default settings, without Nest around it. */
export class Ours implements System {
  readonly settings: string;
  readonly file?: string;
  readonly #storage: Storage;
  readonly #queue: QueueHandle;
  readonly #file: TemporaryFile | undefined;
  #runner: Runner | undefined;

  constructor({ storage, settings, keepsCompleted, file }: OurSettings) {
    this.settings = `${settings}, completed records ${keepsCompleted ? 'kept for an hour (default)' : 'removed at once'}`;
    if (file !== undefined) this.file = file.path;
    this.#storage = storage;
    this.#queue = new QueueHandle(
      storage,
      keepsCompleted ? {} : { defaults: { keep: { completed: false } } },
    );
    this.#file = file;
  }

  open() {
    return this.#storage.open();
  }

  enqueue(mail: Mail) {
    return this.#queue.queue(new MailJob(mail));
  }

  enqueueAll(mails: readonly Mail[], { delay, isKept }: BatchSettings = {}) {
    const jobs = mails.map((mail) => new MailJob(mail));
    if (delay === undefined && isKept === undefined) return this.#queue.queueAll(jobs);
    return this.#queue.queueAll(jobs, {
      ...(delay === undefined ? {} : { delay }),
      ...(isKept === undefined ? {} : { keep: { completed: isKept ? '1h' : false } }),
    });
  }

  async start(concurrency: number, run: (mail: Mail) => Promise<void>) {
    this.#runner = new Runner({
      storage: this.#storage,
      handlers: [{ definition, run: (job) => run(job as MailJob) }],
      queues: { default: concurrency },
    });
    await this.#runner.start();
  }

  async isDrained() {
    const stats = await this.#queue.stats();
    return stats.every(({ ready, running }) => ready === 0 && running === 0);
  }

  async stop() {
    await this.#runner?.stop();
  }

  async close() {
    await this.#storage.close();
    await this.#file?.remove();
  }
}
