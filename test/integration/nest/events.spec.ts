import { Injectable, Scope } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Job,
  JobEvents,
  MemoryStorage,
  NonRetryableError,
  OnJobEvent,
  QueueHandle,
  type BackgroundJobEvent,
  type EventOf,
  type JobContext,
} from 'nestjs-background-jobs';
import { map } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FaultyStorage } from '../../../lib/testing/faulty-storage.js';
import { boot } from './application.js';

type End = 'return' | 'throw' | 'give up' | 'snooze';

@Job({ name: 'charge' })
class Charge {
  constructor(readonly end: End = 'return') {}

  run(context: JobContext): unknown {
    context.progress({ half: true });
    if (this.end === 'throw') throw new Error('declined');
    if (this.end === 'give up') throw new NonRetryableError('no such account');
    return this.end === 'snooze' ? context.snooze('1h') : 'receipt';
  }
}

@Job({ name: 'refund' })
class Refund {
  run(): void {}
}

class NoJob {}

const providers = [Charge, Refund];
const imports = [BackgroundJobsModule.forRoot()];

async function listen(): Promise<{ queue: QueueHandle; events: JobEvents; seen: BackgroundJobEvent[] }> {
  const { app } = await boot({ imports, providers });
  const seen: BackgroundJobEvent[] = [];
  const events = app.get(JobEvents);
  events.all.subscribe((event) => void seen.push(event));
  return { queue: app.get(QueueHandle), events, seen };
}

describe('JobEvents', () => {
  it.each<[End, string]>([
    ['return', 'completed'],
    ['throw', 'retrying'],
    ['give up', 'dead'],
    ['snooze', 'snoozed'],
  ])('tells of a run from its queue to its end: %s', async (end, kind) => {
    const { queue, seen } = await listen();
    const { id } = await queue.queue(new Charge(end));
    await expect.poll(() => seen.map((event) => event.kind)).toContain(kind);
    const kinds = seen.map((event) => event.kind);
    expect(kinds.toSorted()).toEqual(['queued', 'started', 'progressed', kind].toSorted());
    expect(seen.every((event) => 'job' in event && event.job.id === id)).toBe(true);
    expect(seen.find((event) => event.kind === 'queued')).toEqual({
      kind: 'queued',
      job: { id, name: 'charge', queue: 'default' },
      isJoined: false,
    });
    expect(seen.find((event) => event.kind === 'progressed')).toMatchObject({ progress: { half: true } });
  });

  it('tells of a failed run what follows, under one word', async () => {
    const { queue, events } = await listen();
    const seen: string[] = [];
    events.on('failed').subscribe((event) => {
      seen.push(event.kind === 'retrying' ? `again in ${event.delay}` : event.reason);
    });
    await queue.queueAll([new Charge('throw'), new Charge('give up'), new Charge()]);
    await expect.poll(() => seen.toSorted()).toEqual(['again in 2000', 'non-retryable']);
  });

  it('tells of one class alone where one is named, and refuses one that is no job', async () => {
    const { queue, events } = await listen();
    const seen: string[] = [];
    events.on('completed', Refund).subscribe(({ job }) => void seen.push(job.name));
    await queue.queueAll([new Charge(), new Refund(), new Charge()]);
    await expect.poll(() => seen).toEqual(['refund']);
    expect(() => events.on('dead', NoJob)).toThrow(/NoJob, named for 'dead', is no job/);
  });

  it('tells of no duplicate', async () => {
    const { queue, seen } = await listen();
    await queue.queue(new Charge(), { id: 'one', delay: '1h' });
    await queue.queue(new Charge(), { id: 'one', delay: '1h' });
    expect(seen.filter(({ kind }) => kind === 'queued')).toHaveLength(1);
  });

  it('tells that the storage is lost, and that it is back', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot({ storage })], providers });
    const seen: string[] = [];
    for (const kind of ['storage-down', 'storage-up'] as const) {
      app
        .get(JobEvents)
        .on(kind)
        .subscribe((event) => void seen.push(event.kind));
    }
    storage.break('refused', ['pop'], 1);
    await app.get(QueueHandle).queue(new Charge());
    await expect.poll(() => seen).toEqual(['storage-down', 'storage-up']);
  });

  it('outlives every kind of bad listener, and logs each', async () => {
    const { app, log } = await boot({ imports, providers });
    const uncaught: unknown[] = [];
    const note = (error: unknown) => void uncaught.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);
    onTestFinished(() => void process.off('uncaughtException', note).off('unhandledRejection', note));
    const events = app.get(JobEvents);
    const bad = (message: string): never => {
      throw new Error(message);
    };
    events.on('completed').subscribe(() => bad('thrown'));
    // oxlint-disable-next-line no-misused-promises -- people do
    events.on('completed').subscribe({ next: async () => Promise.reject(new Error('rejected')) });
    events
      .on('completed')
      .pipe(map(() => bad('thrown in map')))
      .subscribe();
    events
      .on('completed')
      .pipe(map(({ kind }) => kind))
      .subscribe(() => bad('thrown after map'));
    const seen: string[] = [];
    events.on('completed').subscribe(({ job }) => void seen.push(job.id));
    const first = await app.get(QueueHandle).queue(new Charge());
    await expect.poll(() => seen).toEqual([first.id]);
    const second = await app.get(QueueHandle).queue(new Charge());
    await expect.poll(() => seen).toEqual([first.id, second.id]);
    // RxJS throws what it was thrown from a timer of no length, and this one was set after it.
    await new Promise((resolve) => setTimeout(resolve));
    expect(uncaught).toEqual([]);
    const lines = log.lines.map((line) => line.split('\n')[0] ?? '').join('\n');
    expect(lines).toContain(`A listener for 'completed' failed: thrown`);
    expect(['rejected', 'thrown in map', 'thrown after map'].filter((what) => !lines.includes(what))).toEqual(
      [],
    );
    expect(await app.get(QueueHandle).info(second.id)).toMatchObject({ state: 'completed', errors: [] });
  });

  it('completes its streams when the application has closed', async () => {
    const { app } = await boot({ imports, providers });
    let ends = 0;
    const complete = () => void (ends += 1);
    app.get(JobEvents).all.subscribe({ complete });
    app.get(JobEvents).on('failed').subscribe({ complete });
    await app.close();
    expect(ends).toBe(2);
  });
});

class Listener {
  readonly seen: string[] = [];

  @OnJobEvent('completed', { job: Charge })
  @OnJobEvent('dead', { job: Charge })
  onEnd(event: EventOf<'completed' | 'dead'>): void {
    this.seen.push(`${event.kind} ${event.job.name}`);
    if (event.kind === 'completed') throw new Error('the listener is broken');
  }
}

@Injectable()
class InheritedListener extends Listener {}

@Injectable({ scope: Scope.REQUEST })
class RequestListener extends Listener {}

describe('@OnJobEvent', () => {
  it('has methods called, inherited ones too, and one that throws again', async () => {
    const { app, log } = await boot({ imports, providers: [...providers, InheritedListener] });
    const listener = app.get(InheritedListener);
    for (const job of [new Charge(), new Refund(), new Charge(), new Charge('give up')]) {
      const { id } = await app.get(QueueHandle).queue(job);
      await expect.poll(() => app.get(QueueHandle).info(id)).toHaveProperty('endedAt');
    }
    await expect.poll(() => listener.seen).toEqual(['completed charge', 'completed charge', 'dead charge']);
    expect(log.lines.join('\n')).toContain(`A listener for 'completed' failed: the listener is broken`);
  });

  it('has the method of what a factory made called, once', async () => {
    const made = new InheritedListener();
    const { app } = await boot({
      imports,
      providers: [
        ...providers,
        { provide: 'listener', useFactory: () => made },
        { provide: 'alias', useExisting: 'listener' },
        { provide: 'again', useValue: made },
      ],
    });
    await app.get(QueueHandle).queue(new Charge());
    await expect.poll(() => made.seen).toEqual(['completed charge']);
  });

  it('refuses a provider that is made per request', async () => {
    await expect(boot({ imports, providers: [...providers, RequestListener] })).rejects.toThrow(
      /RequestListener has methods with @OnJobEvent but is no singleton/,
    );
  });
});
