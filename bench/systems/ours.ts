import { defineJob, JobInspector, QueueHandle, Runner, type Storage } from 'nestjs-background-jobs/core';
import type { BatchSettings, Mail, System } from '../system.js';
import type { Place } from '../places/place.js';

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

class GroupedMailJob extends MailJob {
  readonly group: string;

  constructor(mail: Mail, groups: number) {
    super(mail);
    this.group = `group ${mail.index % groups}`;
  }
}

const definition = defineJob<object>(MailJob, { name: 'mail' });
const grouped = defineJob<object>(GroupedMailJob, {
  name: 'grouped-mail',
  group: (job) => (job as GroupedMailJob).group,
});

/** What `Ours` needs: an unopened storage, and where that keeps its jobs. */
export interface OurOptions {
  readonly storage: Storage;
  readonly keepsCompleted: boolean;
  /** Absent where they are in this process. */
  readonly place?: Place;
}

/** The library at its default settings, without Nest around it. */
export class Ours implements System {
  settings = '';
  readonly address?: string;
  readonly #options: OurOptions;
  readonly #queue: QueueHandle;
  // Which names a process knows is part of what its claims cost.
  #handled = definition;
  #runner: Runner | undefined;

  constructor(options: OurOptions) {
    const { storage, keepsCompleted, place } = options;
    this.#options = options;
    if (place !== undefined) this.address = place.address;
    this.#queue = new QueueHandle(
      storage,
      keepsCompleted ? {} : { defaults: { keep: { completed: false } } },
    );
  }

  async open() {
    const { storage, keepsCompleted, place } = this.#options;
    const records = keepsCompleted ? 'kept for an hour (default)' : 'removed at once';
    this.settings = [storage.name, await place?.describe(), `completed records ${records}`]
      .filter((part) => part !== undefined)
      .join(', ');
    await storage.open();
  }

  enqueue(mail: Mail) {
    return this.#queue.queue(new MailJob(mail));
  }

  enqueueAll(mails: readonly Mail[], { delay, isKept, groups }: BatchSettings = {}) {
    const jobs = mails.map((mail) =>
      groups === undefined ? new MailJob(mail) : new GroupedMailJob(mail, groups),
    );
    if (delay === undefined && isKept === undefined) return this.#queue.queueAll(jobs);
    return this.#queue.queueAll(jobs, {
      ...(delay === undefined ? {} : { delay }),
      ...(isKept === undefined ? {} : { keep: { completed: isKept ? '1h' : false } }),
    });
  }

  async boundGroups(concurrency: number) {
    this.#handled = grouped;
    await new JobInspector(this.#options.storage).limitQueue('default', { groups: { concurrency } });
  }

  async start(concurrency: number, run: (mail: Mail) => Promise<void>) {
    this.#runner = new Runner({
      storage: this.#options.storage,
      handlers: [{ definition: this.#handled, run: (job) => run(job as MailJob) }],
      queues: { default: concurrency },
    });
    await this.#runner.start();
  }

  isDrained() {
    return isDrained(this.#queue);
  }

  async serverCpu() {
    const { place } = this.#options;
    return place === undefined ? 0 : place.serverCpu();
  }

  async stop() {
    await this.#runner?.stop();
  }

  async close() {
    await this.#options.storage.close();
    await this.#options.place?.leave();
  }
}

export async function isDrained(jobs: QueueHandle): Promise<boolean> {
  const stats = await jobs.stats();
  return stats.every(({ ready, running }) => ready === 0 && running === 0);
}
