import { Injectable, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  BackgroundJobsModule,
  getInstanceToken,
  Job,
  JobHandler,
  QueueHandle,
  type BackgroundJobsOptions,
} from 'nestjs-background-jobs';
import { JobsTesting } from 'nestjs-background-jobs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boot } from './application.js';
import { TraceLogger, type Trace } from './trace.js';

@Job({ name: 'listed' })
class Listed {
  run(): void {}
}

@Job({ name: 'forgotten' })
class Forgotten {
  run(): void {}
}

@Job({ name: 'by-region', queue: (job: ByRegion) => job.region })
class ByRegion {
  constructor(readonly region: string) {}
  run(): void {}
}

@Job({ name: 'handled' })
class Handled {}

@JobHandler(Handled)
class Handler {
  run(): void {}
}

@Job({ name: 'letter' })
class Letter {
  run(): void {}
}

@Job({ name: 'mail', aliases: ['letter'] })
class Mail {
  run(): void {}
}

const FORGOTTEN =
  "warn BackgroundJobs: Job 'forgotten' is queued here, and nobody in this process can run it, though its workers take the queue " +
  "'default': add Forgotten to the providers of a module, or run it elsewhere";

async function start(providers: Provider[], options: BackgroundJobsOptions = {}) {
  const { app, log } = await boot({ imports: [BackgroundJobsModule.forRoot(options)], providers });
  return { app, log, jobs: app.get(QueueHandle), warnings: () => warningsOf(log) };
}

function warningsOf({ lines }: Trace): string[] {
  return lines.filter((line) => line.startsWith('warn'));
}

describe('a job class that no module lists', () => {
  it('is warned about once, however often it is queued', async () => {
    const { jobs, warnings } = await start([Listed]);
    await jobs.queue(new Forgotten());
    expect(warnings()).toEqual([FORGOTTEN]);
    await jobs.queue(new Forgotten());
    await jobs.queue(new Forgotten(), { delay: '1h' });
    await jobs.queueAll([new Forgotten(), new Listed()]);
    await jobs.chain([new Forgotten(), new Listed()]);
    await jobs.every('1h', new Forgotten(), { key: 'k' });
    expect(warnings()).toHaveLength(1);
  });

  it('is warned about when a schedule makes its jobs', async () => {
    const { jobs, warnings } = await start([Listed]);
    await jobs.every('1h', new Forgotten(), { key: 'k' });
    expect(warnings()).toEqual([FORGOTTEN]);
  });

  it('is none of this process where the workers are off, or take other queues', async () => {
    for (const workers of [false, { mail: 1 }] as const) {
      const { jobs, warnings } = await start([Listed], { workers });
      await jobs.queue(new Forgotten());
      expect(warnings()).toEqual([]);
    }
  });

  it('is warned about at the first job that goes to a queue of this process', async () => {
    const { jobs, warnings } = await start([Listed], { workers: { eu: 1 } });
    await jobs.queue(new ByRegion('us'));
    expect(warnings()).toEqual([]);
    await jobs.queue(new ByRegion('eu'));
    expect(warnings()).toHaveLength(1);
    await jobs.queue(new ByRegion('eu'));
    expect(warnings()).toHaveLength(1);
  });

  it('is judged with the queue that the option jobs gives it', async () => {
    const { jobs, warnings } = await start([Listed], { jobs: [{ job: Forgotten, queue: 'far' }] });
    await jobs.queue(new Forgotten());
    expect(warnings()).toEqual([]);
  });

  it('is to be handled, where it has no run', async () => {
    const { jobs, warnings } = await start([Listed]);
    await jobs.queue(new Handled());
    expect(warnings()).toEqual([expect.stringContaining('add the class with @JobHandler(Handled)')]);
  });

  it('is told of in other words where no job is listed at all, and once for all of them', async () => {
    const { jobs, warnings } = await start([]);
    await jobs.queueAll([new Forgotten(), new Listed()]);
    expect(warnings()).toEqual([
      expect.stringMatching(/'forgotten'.*no module lists a job class.*Add Forgotten.*workers: false/),
    ]);
  });

  it('is judged once all modules are there, when it is queued as the application starts', async () => {
    @Injectable()
    class Starter implements OnModuleInit {
      constructor(private readonly jobs: QueueHandle) {}

      async onModuleInit(): Promise<void> {
        await this.jobs.queueAll([new Listed(), new Forgotten()]);
      }
    }
    const { warnings } = await start([Starter, Listed]);
    expect(warnings()).toEqual([FORGOTTEN]);
  });

  it('is warned about by each instance of the module for itself', async () => {
    const { app, log } = await boot({
      imports: [BackgroundJobsModule.forRoot(), BackgroundJobsModule.forRoot({ name: 'reports' })],
      providers: [Listed],
    });
    await app.get<QueueHandle>(getInstanceToken('reports', QueueHandle)).queue(new Forgotten());
    expect(warningsOf(log)).toEqual([expect.stringContaining("BackgroundJobs(reports): Job 'forgotten'")]);
  });

  it('is warned about in the testing kit too, where drain() would pass it over', async () => {
    const logger = new TraceLogger();
    const imports = [BackgroundJobsModule.forRoot()];
    const builder = Test.createTestingModule({ imports, providers: [Listed] }).setLogger(logger);
    JobsTesting.install(builder);
    const app = await builder.compile();
    onTestFinished(() => app.close());
    await app.init();
    await app.get(QueueHandle).queueAll([new Listed(), new Forgotten()]);
    expect(warningsOf(logger.trace)).toEqual([FORGOTTEN]);
  });
});

describe('no word is lost on', () => {
  it('classes that have a handler, or a successor that runs their name', async () => {
    const { jobs, warnings } = await start([Handler, Mail]);
    await jobs.queueAll([new Handled(), new Letter(), new Mail()]);
    expect(warnings()).toEqual([]);
  });

  it('a class that a lazily loaded module brought', async () => {
    @Module({ providers: [Forgotten] })
    class Late {}
    const { app, jobs, warnings } = await start([Listed]);
    await app.get(LazyModuleLoader).load(() => Late);
    await jobs.queue(new Forgotten());
    expect(warnings()).toEqual([]);
  });
});
