import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  Backoff,
  BackgroundJobsModule,
  Job,
  JobHandler,
  QueueHandle,
  type JobContext,
  type JobRunner,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot } from './application.js';
import { Trace } from './trace.js';

@Job({ name: 'resize-image' })
class ResizeImage {
  constructor(
    readonly key: string,
    readonly width: number,
  ) {}

  get label(): string {
    return `${this.key}@${this.width}`;
  }
}

@JobHandler(ResizeImage)
class ResizeImageHandler implements JobRunner<ResizeImage> {
  constructor(private readonly trace: Trace) {}

  run(job: ResizeImage, context: JobContext): void {
    this.trace.add(`resized ${job.label} at run ${context.attempt}`);
  }
}

const jobs = BackgroundJobsModule.forRoot;

describe('a class with @JobHandler', () => {
  it('runs the jobs of a class that is listed nowhere, with plain constructor injection', async () => {
    const { app } = await boot({ imports: [jobs()], providers: [Trace, ResizeImageHandler] });
    await app.get(QueueHandle).queue(new ResizeImage('cat', 80));
    expect(await app.get(Trace).until('resized')).toBe('resized cat@80 at run 1');
  });

  it('runs the jobs of a class that is listed elsewhere', async () => {
    @Module({ providers: [ResizeImage] })
    class Messages {}

    const { app } = await boot({ imports: [Messages, jobs()], providers: [Trace, ResizeImageHandler] });
    await app.get(QueueHandle).queue(new ResizeImage('cat', 80));
    expect(await app.get(Trace).until('resized')).toBe('resized cat@80 at run 1');
  });

  it.each([
    ['under a token of its own', { provide: 'handler', useClass: ResizeImageHandler }],
    [
      'made by a factory',
      { provide: 'handler', useFactory: (trace: Trace) => new ResizeImageHandler(trace), inject: [Trace] },
    ],
  ])('is found %s, and once with an alias beside it', async (_, provider) => {
    const alias = { provide: 'alias', useExisting: 'handler' };
    const { app, log } = await boot({ imports: [jobs()], providers: [Trace, provider, alias] });
    await app.get(QueueHandle).queue(new ResizeImage('cat', 80));
    expect(await app.get(Trace).until('resized')).toBe('resized cat@80 at run 1');
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('may be overridden in a test', async () => {
    const trace = new Trace();
    const double = { run: (job: ResizeImage) => trace.add(`double got ${job.label}`) };
    const { app } = await boot({ imports: [jobs()], providers: [Trace, ResizeImageHandler] }, (builder) =>
      builder.overrideProvider(ResizeImageHandler).useValue(double),
    );
    await app.get(QueueHandle).queue(new ResizeImage('cat', 80));
    expect(await trace.until('double')).toBe('double got cat@80');
  });

  it('may be request-scoped: made for each run, with the job as REQUEST', async () => {
    let made = 0;

    @JobHandler(ResizeImage)
    @Injectable({ scope: Scope.REQUEST })
    class ScopedHandler {
      readonly #number = ++made;

      constructor(
        private readonly trace: Trace,
        @Inject(REQUEST) private readonly request: ResizeImage,
      ) {}

      run(job: ResizeImage): void {
        this.trace.add(`${this.#number} ${this.request === job} ${job.label}`);
      }
    }

    const { app } = await boot({ imports: [jobs()], providers: [Trace, ScopedHandler] });
    await app.get(QueueHandle).queue(new ResizeImage('a', 1));
    await app.get(Trace).until('1');
    await app.get(QueueHandle).queue(new ResizeImage('b', 2));
    await app.get(Trace).until('2');
    expect(app.get(Trace).lines).toEqual(['1 true a@1', '2 true b@2']);
  });

  it('may be transient: made for each run', async () => {
    let made = 0;

    @JobHandler(ResizeImage)
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientHandler {
      readonly #number = ++made;

      constructor(private readonly trace: Trace) {}

      run(): void {
        this.trace.add(`run by ${this.#number}`);
      }
    }

    const { app } = await boot({ imports: [jobs()], providers: [Trace, TransientHandler] });
    await app.get(QueueHandle).queueAll([new ResizeImage('a', 1), new ResizeImage('b', 2)]);
    const lines = await app.get(Trace).count('run by', 2);
    expect(new Set(lines).size).toBe(2);
  });

  it('is the one of its own module when two modules provide it, and the log says so', async () => {
    const trace = new Trace();

    @Module({ providers: [ResizeImageHandler, { provide: Trace, useValue: trace }] })
    class First {}

    @Module({ providers: [ResizeImageHandler, Trace] })
    class Second {}

    const { app, log } = await boot({ imports: [First, Second, jobs()] });
    await app.get(QueueHandle).queue(new ResizeImage('cat', 80));
    expect(await trace.until('resized')).toBe('resized cat@80 at run 1');
    expect(await log.until('warn BackgroundJobs')).toBe(
      "warn BackgroundJobs: Job 'resize-image': ResizeImageHandler is provided by First and Second; the one of First is used",
    );
  });

  it('throwing is a failed attempt, tried again after the backoff', async () => {
    @JobHandler(ResizeImage)
    class Failing {
      constructor(private readonly trace: Trace) {}

      run(_job: ResizeImage, { attempt }: JobContext): void {
        this.trace.add(`run ${attempt}`);
        if (attempt === 1) throw new TypeError('not yet');
      }
    }

    const { app, log } = await boot({ imports: [jobs()], providers: [Trace, Failing] });
    const { id } = await app
      .get(QueueHandle)
      .queue(new ResizeImage('cat', 80), { backoff: Backoff.linear(0.001) });
    await app.get(Trace).until('run 2');
    expect(await log.until('warn BackgroundJobs: Job')).toContain('failed at run 1: TypeError: not yet');
    const info = () => app.get(QueueHandle).info(id);
    await expect.poll(info).toMatchObject({ state: 'completed', attempts: 1 });
  });
});
