import { Module, UseGuards, type CanActivate, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BackgroundJobsModule, Job, JobInspector, MemoryStorage, QueueHandle } from 'nestjs-background-jobs';
import type { Mail, System } from '../system.js';
import { isDrained, MailJob } from './ours.js';

/** Which jobs of the application have a guard. */
export type Guarded = 'none' | 'others' | 'these';

let work: (mail: Mail) => Promise<void> = () => Promise.resolve();

class Admitting implements CanActivate {
  canActivate() {
    return true;
  }
}

@Job({ name: 'mail' })
class PlainMailJob extends MailJob {
  run() {
    return work(this);
  }
}

@UseGuards(Admitting)
@Job({ name: 'mail' })
class GuardedMailJob extends PlainMailJob {}

@UseGuards(Admitting)
@Job({ name: 'other' })
class GuardedOtherJob {
  run() {}
}

@Module({})
class MailModule {}

const PROVIDERS: Readonly<Record<Guarded, readonly Type[]>> = {
  none: [PlainMailJob],
  others: [PlainMailJob, GuardedOtherJob],
  these: [GuardedMailJob],
};

/** The module in an application, on memory. Its queue is paused until the clock starts, so that the boot does not count. */
export class OursInNest implements System {
  readonly settings: string;
  readonly #guarded: Guarded;
  readonly #concurrency: number;
  #app: INestApplicationContext | undefined;

  constructor(guarded: Guarded, concurrency = 10) {
    this.#guarded = guarded;
    this.#concurrency = concurrency;
    this.settings = `memory, in a Nest application, guarded jobs: ${guarded}`;
  }

  async open() {
    const providers = [...PROVIDERS[this.#guarded], Admitting];
    const jobs = BackgroundJobsModule.forRoot({
      storage: new MemoryStorage(),
      workers: { default: this.#concurrency },
    });
    this.#app = await NestFactory.createApplicationContext(
      { module: MailModule, imports: [jobs], providers },
      { logger: false },
    );
    await this.#inspector.pauseQueue('default', 'the clock has not started');
  }

  enqueue(mail: Mail) {
    return this.#queue.queue(this.#jobOf(mail));
  }

  enqueueAll(mails: readonly Mail[]) {
    return this.#queue.queueAll(mails.map((mail) => this.#jobOf(mail)));
  }

  async start(_concurrency: number, run: (mail: Mail) => Promise<void>) {
    work = run;
    await this.#inspector.resumeQueue('default');
  }

  isDrained() {
    return isDrained(this.#queue);
  }

  async serverCpu() {
    return 0;
  }

  async stop() {
    await this.#app?.close();
  }

  async close() {
    await this.#app?.close();
  }

  get #queue(): QueueHandle {
    return this.#opened.get(QueueHandle);
  }

  get #inspector(): JobInspector {
    return this.#opened.get(JobInspector);
  }

  get #opened(): INestApplicationContext {
    if (this.#app === undefined) throw new Error('the application is not up');
    return this.#app;
  }

  #jobOf(mail: Mail) {
    return this.#guarded === 'these' ? new GuardedMailJob(mail) : new PlainMailJob(mail);
  }
}
