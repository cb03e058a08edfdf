import { Module, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  BackgroundJobsModule,
  Backoff,
  Cron,
  Job,
  MemoryStorage,
  QueueHandle,
  type JobContext,
} from '../../../lib/index.js';
import {
  jobMatchers,
  JobsTesting,
  type JobMatchers,
  type JobsTestingOptions,
} from '../../../lib/testing/index.js';
import { TraceLogger } from '../nest/trace.js';

expect.extend(jobMatchers);
declare module 'vitest' {
  // oxlint-disable-next-line no-explicit-any, no-unused-vars -- vitest's own parameter
  interface Matchers<T = any> extends JobMatchers<T> {}
}

class Mailer {
  readonly sent: string[] = [];
  onSend: (to: string) => unknown = () => {};

  async send(to: string): Promise<string> {
    await this.onSend(to);
    this.sent.push(to);
    return `sent to ${to}`;
  }
}

@Job({ name: 'reminder', queue: 'mail', inject: [Mailer] })
class Reminder {
  constructor(readonly email: string) {}

  run(mailer: Mailer): Promise<string> {
    return mailer.send(`reminder:${this.email}`);
  }
}

@Job({
  name: 'welcome',
  queue: 'mail',
  inject: [Mailer, QueueHandle],
  maxRetries: 2,
  backoff: Backoff.linear(60),
})
class Welcome {
  constructor(
    readonly email: string,
    readonly plan?: string,
  ) {}

  async run(mailer: Mailer, jobs: QueueHandle): Promise<string> {
    await jobs.schedule(new Reminder(this.email), '3 days');
    return mailer.send(this.email);
  }
}

@Cron('30 2 * * *', { timeZone: 'Europe/Berlin' })
@Job({ name: 'nightly', keep: { completed: '10 days' } })
class Nightly {
  run(context: JobContext): string {
    return context.scheduledFor.toISOString();
  }
}

@Job({ name: 'slow', timeout: '5m', maxRetries: 0 })
class Slow {
  run(context: JobContext): Promise<never> {
    return new Promise((_, reject) => {
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
    });
  }
}

const EVERYTHING = [
  ...(['Date', 'hrtime', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];

async function boot(options: JobsTestingOptions = {}, extra: readonly Provider[] = []) {
  @Module({
    imports: [BackgroundJobsModule.forRoot()],
    providers: [Mailer, Reminder, Welcome, Slow, ...extra],
  })
  class AppModule {}
  const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger(new TraceLogger());
  const jobs = JobsTesting.install(builder, options);
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return { app, jobs, queue: app.get(QueueHandle), mailer: app.get(Mailer) };
}

describe('JobsTesting in mode manual', () => {
  it('runs nothing until told, and then a whole flow of days', async () => {
    const { jobs, queue, mailer } = await boot();
    await queue.queue(new Welcome('ada@example.com'));
    expect(mailer.sent).toEqual([]);
    await expect(jobs).toHaveQueued(Welcome, {
      payload: { email: 'ada@example.com' },
      queue: 'mail',
      delay: 0,
    });

    const [run] = await jobs.drain();
    expect(run).toMatchObject({ name: 'welcome', outcome: 'completed', result: 'sent to ada@example.com' });
    await expect(jobs).toHaveQueued(Reminder, { delay: '3 days', state: 'scheduled', times: 1 });

    expect(await jobs.advance('71h')).toEqual([]);
    const begin = jobs.now().getTime();
    const [reminder] = await jobs.advance('2h');
    expect(reminder?.at.getTime()).toBe(begin + 3_600_000);
    expect(mailer.sent).toEqual(['ada@example.com', 'reminder:ada@example.com']);
  });

  it('retries until a job is dead', async () => {
    const { jobs, queue } = await boot();
    jobs.failNext(Welcome, new Error('503'), 3);
    const { id } = await queue.queue(new Welcome('ada@example.com'));
    const runs = await jobs.advance('1h');
    const start = Date.UTC(2030, 0, 1);
    expect(runs.map(({ outcome, at }) => [outcome, at.getTime() - start])).toEqual([
      ['retrying', 0],
      ['retrying', 60_000],
      ['dead', 120_000],
    ]);
    expect(await queue.info(id)).toMatchObject({ state: 'dead', reason: 'retries-exhausted' });
  });

  it('runs a nightly job once a night when the clocks are changed', async () => {
    const { jobs } = await boot({ now: '2026-03-27T12:00:00Z' }, [Nightly]);
    const runs = await jobs.advance('72h');
    expect(runs.map(({ result }) => result)).toEqual([
      '2026-03-28T01:30:00.000Z',
      // 02:30 was left out that night.
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(runs.map(({ at }) => at.toISOString())).toEqual(runs.map(({ result }) => result));
  });

  it('runs one job alone, through JSON and back', async () => {
    const { jobs, queue, mailer } = await boot();
    await queue.queue(new Welcome('other@example.com'));
    const job = new Welcome('ada@example.com', undefined);
    expect(await jobs.run(job)).toBe('sent to ada@example.com');
    expect(mailer.sent).toEqual(['ada@example.com']);
    expect((await jobs.queued(Welcome)).map(({ payload }) => payload.email)).toEqual(['other@example.com']);
    await expect(jobs.run(new Welcome(new Date(0) as unknown as string))).rejects.toThrow('$.email');
  });

  it('rejects with what the job threw, itself', async () => {
    const { jobs } = await boot();
    const error = new Error('503');
    jobs.failNext(Welcome, error);
    await expect(jobs.run(new Welcome('ada@example.com'))).rejects.toBe(error);
    expect(await jobs.drain()).toEqual([]);
  });

  it('lets the time of a job at work run out', async () => {
    const { jobs } = await boot();
    const run = jobs.run(new Slow());
    const failure = run.catch((error: unknown) => error);
    await Promise.resolve();
    while (!(await isAtWork(jobs))) await Promise.resolve();
    await jobs.advance('6m');
    expect(await failure).toMatchObject({ name: 'JobTimeoutError' });
  });

  it('says what is nearest to what was expected', async () => {
    const { jobs, queue } = await boot();
    await queue.queueAll([new Welcome('ada@example.com'), new Welcome('grace@example.com')]);
    const match = { payload: { email: 'alan@example.com' }, queue: 'mail' };
    await expect(jobs.expectQueued(Welcome, match)).rejects.toThrow(
      /Expected a job 'welcome' like .* to be queued, but none was\. 2 were in all; the nearest, .* \(ready\): payload\.email is 'ada@example.com', not 'alan@example.com'/,
    );
    await expect(jobs.expectQueued(Welcome, { times: 1 })).rejects.toThrow('but 2 were');
    await expect(jobs.expectNotQueued(Welcome, { queue: 'mail' })).rejects.toThrow('Expected no job');
    await jobs.expectNotQueued(Reminder);
    await expect(jobs).not.toHaveQueued(Reminder);
    await jobs.expectQueued(Welcome, { payload: ({ email }) => email.startsWith('grace'), times: 1 });
    await expect(jobs.expectQueued(Welcome, { que: 'mail' } as object)).rejects.toThrow('que');
  });

  it('stops a job that queues itself for ever', async () => {
    @Job({ name: 'again', inject: [QueueHandle] })
    class Again {
      async run(queue: QueueHandle): Promise<void> {
        await queue.queue(new Again());
      }
    }
    const { jobs, queue } = await boot({ mostRuns: 50 }, [Again]);
    await queue.queue(new Again());
    await expect(jobs.drain()).rejects.toThrow('Does a job queue itself?');
  });
});

describe('beside it', () => {
  it('fake timers of the test runner move what jobs themselves wait for', async () => {
    @Job({ name: 'patient' })
    class Patient {
      run(): Promise<string> {
        return new Promise((resolve) => setTimeout(() => resolve('rested'), 60_000));
      }
    }
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { jobs } = await boot({}, [Patient]);
    const run = jobs.run(new Patient());
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(60_000);
    expect(await run).toBe('rested');
  });

  it('fake timers that fake all they can, as those of Jest do, do not keep jobs from running', async () => {
    vi.useFakeTimers({ toFake: EVERYTHING });
    onTestFinished(() => void vi.useRealTimers());
    const begun = Date.now();
    const { jobs, queue, mailer } = await boot({ mode: 'inline' });
    await queue.queue(new Welcome('ada@example.com'));
    expect(mailer.sent).toEqual(['ada@example.com']);
    mailer.onSend = () => jobs.crash();
    expect((await jobs.advance('3 days')).map(({ outcome }) => outcome)).toEqual(['crashed']);
    mailer.onSend = () => {};
    expect((await jobs.advance('1m')).map(({ outcome }) => outcome)).toEqual(['completed']);
    // The time of the process is another one, which nobody has moved.
    expect(Date.now()).toBe(begun);
  });

  it('nothing is open once the application is closed, whatever was at work', async () => {
    const before = openResources();
    const { app, jobs, queue } = await boot();
    await queue.queue(new Slow());
    const drained = jobs.drain();
    while (!(await isAtWork(jobs))) await Promise.resolve();
    await app.close();
    expect((await drained).map(({ outcome }) => outcome)).toEqual(['crashed']);
    expect(openedSince(before)).toEqual([]);
    await expect(jobs.drain()).rejects.toThrow('closed');
  });

  it.each(['manual', 'inline', 'real'] as const)('nothing stays open in mode %s', async (mode) => {
    const before = openResources();
    const { app, jobs, queue } = await boot({ mode });
    await queue.queue(new Welcome('ada@example.com'));
    await jobs.drain();
    await jobs.run(new Reminder('grace@example.com'));
    await app.close();
    expect(openedSince(before)).toEqual([]);
  });

  it('an application without workers says that nothing runs', async () => {
    const imports = [BackgroundJobsModule.forRoot({ workers: false })];
    const builder = Test.createTestingModule({ imports }).setLogger(new TraceLogger());
    const jobs = JobsTesting.install(builder);
    expect(() => jobs.failNext(Slow, new Error('down'))).toThrow('not compiled');
    const app = await builder.compile();
    await app.init();
    onTestFinished(() => app.close());
    await app.get(QueueHandle).queue(new Slow());
    await jobs.expectQueued(Slow, { queue: 'default' });
    await expect(jobs.drain()).rejects.toThrow('workers: false');
  });

  it('advance tells of a storage whose clock is another one, before anything ran in vain', async () => {
    const { jobs, queue } = await boot({ storage: () => new MemoryStorage() });
    await queue.queue(new Slow());
    await expect(jobs.advance('1h')).rejects.toThrow(/the clock of the memory storage is not moved along/);
    await jobs.expectQueued(Slow, { state: 'ready' });
    const real = await boot({ storage: () => new MemoryStorage(), now: new Date() });
    await expect(real.jobs.advance('1h')).rejects.toThrow(/is -3[56]\d{5} ms apart/);
  });

  it('options that cannot be are refused', () => {
    const builder = Test.createTestingModule({});
    expect(() => JobsTesting.install(builder, { mod: 'real' } as object)).toThrow('mod');
    expect(() => JobsTesting.install(builder, { mode: 'fake' } as object)).toThrow('manual, inline, real');
    expect(() => JobsTesting.install(builder, { now: 'soon' })).toThrow('soon');
  });
});

/** But for what is being closed: pipes of the test runner may be. */
function openResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'CloseReq');
}

/** What is open beyond what was: a timer of the test runner may have ended meanwhile. */
function openedSince(before: readonly string[]): readonly string[] {
  const left = [...before];
  return openResources().filter((kind) => {
    const place = left.indexOf(kind);
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
}

async function isAtWork(jobs: JobsTesting): Promise<boolean> {
  return (await jobs.queued(Slow, { state: 'running' })).length > 0;
}

describe('trouble that is planned', () => {
  it('a crash in mid-run costs a lease, and no attempt', async () => {
    const { jobs, queue, mailer } = await boot();
    let crashes = 0;
    mailer.onSend = () => (crashes++ === 0 ? jobs.crash() : undefined);
    await queue.queue(new Reminder('ada@example.com'));
    expect((await jobs.drain()).map(({ outcome }) => outcome)).toEqual(['crashed']);
    expect(await jobs.advance('29s')).toEqual([]);
    const [run] = await jobs.advance('2s');
    expect(run).toMatchObject({ outcome: 'completed', attempt: 1 });
    await expect(jobs.crash()).rejects.toThrow('no job is at work');
  });

  it('a job is delivered twice', async () => {
    const { jobs, queue, mailer } = await boot();
    jobs.duplicateDelivery(Reminder);
    await queue.queue(new Reminder('ada@example.com'));
    expect((await jobs.drain()).map(({ outcome }) => outcome)).toEqual(['lost', 'completed']);
    expect(mailer.sent).toHaveLength(2);
  });
});

describe('JobsTesting in mode inline', () => {
  it('resolves queue() when the job has run, and what it queued', async () => {
    const { jobs, queue, mailer } = await boot({ mode: 'inline' });
    const { id } = await queue.queue(new Welcome('ada@example.com'));
    expect(await queue.info(id)).toMatchObject({ state: 'completed', result: 'sent to ada@example.com' });
    expect(mailer.sent).toEqual(['ada@example.com']);
    await jobs.advance('3 days');
    expect(mailer.sent).toHaveLength(2);
  });
});

describe('JobsTesting in mode real', () => {
  it('runs the workers of production', async () => {
    const { jobs, queue, mailer } = await boot({ mode: 'real' });
    await queue.queue(new Welcome('ada@example.com'));
    expect(await jobs.drain()).toMatchObject([{ name: 'welcome', outcome: 'completed' }]);
    expect(mailer.sent).toEqual(['ada@example.com']);
    expect(await jobs.run(new Reminder('grace@example.com'))).toBe('sent to reminder:grace@example.com');
    await expect(jobs.advance('1s')).rejects.toThrow('time is real');
  });
});
