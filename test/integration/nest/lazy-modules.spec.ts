import { Injectable, Module, Scope, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { Inject } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Cron,
  Job,
  JobInspector,
  MemoryStorage,
  OnJobEvent,
  QueueHandle,
  type BackgroundJobsOptions,
  type EventOf,
} from 'nestjs-background-jobs';
import { JobsTesting } from 'nestjs-background-jobs/testing';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STORAGES } from '../../support/storages.js';
import { boot } from './application.js';
import { Trace, TraceLogger } from './trace.js';
import { ended, traceModule } from './run-one.js';

@Job({ name: 'eager' })
class Eager {
  run(): string {
    return 'eager';
  }
}

@Injectable()
class Press {
  print(title: string): string {
    return `printed ${title}`;
  }
}

@Injectable({ scope: Scope.REQUEST })
class Order {
  constructor(@Inject(REQUEST) private readonly job: { readonly title: string }) {}

  get title(): string {
    return this.job.title;
  }
}

@Injectable()
class PressGuard implements CanActivate {
  constructor(
    private readonly press: Press,
    private readonly trace: Trace,
  ) {}

  canActivate(): boolean {
    this.trace.add(`guarded ${this.press instanceof Press}`);
    return true;
  }
}

@UseGuards(PressGuard)
@Cron('0 3 * * *', { key: 'nightly-print', job: () => new Print('nightly') })
@Job({ name: 'print', queue: 'press', inject: [Press, Order] })
class Print {
  constructor(readonly title: string) {}

  run(press: Press, order: Order): string {
    return press.print(order.title);
  }
}

@Injectable()
class Clerk {
  constructor(private readonly trace: Trace) {}

  @OnJobEvent('completed', { job: Print })
  note({ job }: EventOf<'completed'>): void {
    this.trace.add(`heard of ${job.name}`);
  }
}

@Module({ providers: [Press, Order, Print, Clerk] })
class PressModule {}

@Job({ name: 'eager' })
class Impostor {
  run(): void {}
}

@Module({ providers: [Impostor] })
class ImpostorModule {}

@Job({ name: 'other' })
class Other {
  run(): string {
    return 'other';
  }
}

@Module({ providers: [Other] })
class OtherModule {}

async function start(options: BackgroundJobsOptions = {}, providers: readonly Type[] = [Eager]) {
  const trace = new Trace();
  const { app, log } = await boot({
    imports: [BackgroundJobsModule.forRoot(options), traceModule(trace)],
    providers: [...providers],
  });
  const load = (module: Type) => app.get(LazyModuleLoader).load(() => module);
  return { app, log, trace, load, jobs: app.get(QueueHandle) };
}

describe.each(STORAGES.map((row) => ({ row, name: row.name })))(
  'a lazily loaded module, on $name',
  ({ row }) => {
    it('has its jobs run from then on, those that waited and those of its queues too', async () => {
      const subject = await row.create();
      onTestFinished(() => subject.dispose());
      const { jobs, load } = await start({ storage: subject.create() });
      const eager = await jobs.queue(new Eager());
      const early = await jobs.queue(new Print('early'));
      expect((await ended(jobs, eager.id)).state).toBe('completed');
      expect((await jobs.info(early.id))?.state).toBe('ready');
      await load(PressModule);
      expect(await ended(jobs, early.id)).toMatchObject({ state: 'completed', result: 'printed early' });
      expect(await jobs.queueAndWait(new Print('late'))).toBe('printed late');
    });
  },
);

describe('a lazily loaded module', () => {
  it('has what jobs have elsewhere: guards, schedules, listeners, and a reason to be waited for no more', async () => {
    const { app, jobs, load, trace } = await start();
    const inspector = app.get(JobInspector);
    const { id } = await jobs.queue(new Print('early'));
    expect((await inspector.schedules.list()).map(({ key }) => key)).toEqual([]);
    await load(PressModule);
    await trace.until('heard of print');
    expect(trace.lines).toEqual(['guarded true', 'heard of print']);
    expect((await jobs.info(id))?.state).toBe('completed');
    expect((await inspector.schedules.list()).map(({ key }) => key)).toEqual(['nightly-print']);
    await expect
      .poll(async () => (await inspector.runners())[0])
      .toMatchObject({
        names: expect.arrayContaining(['eager', 'print']),
        queues: { default: 10, press: 10 },
      });
  });

  it('starts the workers of an application that had no jobs', async () => {
    const { jobs, load } = await start({}, []);
    await load(PressModule);
    expect(await jobs.queueAndWait(new Print('first'))).toBe('printed first');
  });

  it('is worked on in the queues that the options name, and in no others', async () => {
    const { jobs, load } = await start({ workers: { default: 2 } });
    await load(PressModule);
    const { id } = await jobs.queue(new Print('elsewhere'));
    expect(await jobs.queueAndWait(new Print('here'), { queue: 'default' })).toBe('printed here');
    expect((await jobs.info(id))?.state).toBe('ready');
  });

  it('brings its jobs once, however often it is loaded, and beside others that are loaded at once', async () => {
    const { jobs, load, log } = await start();
    await Promise.all([load(PressModule), load(OtherModule), load(PressModule)]);
    await load(PressModule);
    expect(await jobs.queueAndWait(new Print('one'))).toBe('printed one');
    expect(await jobs.queueAndWait(new Other())).toBe('other');
    expect(log.lines.filter((line) => line.includes('Working on'))).toHaveLength(3);
  });

  it('fails to load with the error that a boot would have, and the application goes on', async () => {
    const { jobs, load } = await start();
    await expect(load(ImpostorModule)).rejects.toMatchObject({ code: 'DUPLICATE_JOB' });
    expect(await jobs.queueAndWait(new Eager())).toBe('eager');
  });

  it('runs nothing in a process without workers', async () => {
    const { jobs, load } = await start({ workers: false });
    await load(PressModule);
    const { id } = await jobs.queue(new Print('elsewhere'));
    expect((await jobs.info(id))?.state).toBe('ready');
  });

  it('can be loaded while the application starts', async () => {
    @Injectable()
    class Starter {
      constructor(private readonly loader: LazyModuleLoader) {}

      async onModuleInit(): Promise<void> {
        await this.loader.load(() => PressModule);
      }

      async onApplicationBootstrap(): Promise<void> {
        await this.loader.load(() => OtherModule);
      }
    }
    const { jobs } = await start({}, [Starter]);
    expect(await jobs.queueAndWait(new Print('first'))).toBe('printed first');
    expect(await jobs.queueAndWait(new Other())).toBe('other');
  });

  it('brings no jobs to an application that closes', async () => {
    const { app, load, log } = await start();
    await app.close();
    await load(PressModule);
    expect(log.lines.filter((line) => line.includes('print'))).toEqual([]);
  });

  it('has its jobs run on every storage of the application', async () => {
    const { app } = await boot({
      imports: [
        BackgroundJobsModule.forRoot(),
        BackgroundJobsModule.forRoot({ name: 'second', storage: new MemoryStorage() }),
        traceModule(new Trace()),
      ],
      providers: [Eager],
    });
    await app.get(LazyModuleLoader).load(() => PressModule);
    const second = app.get<QueueHandle>('BackgroundJobs(second):QueueHandle');
    for (const jobs of [app.get(QueueHandle), second]) {
      expect(await jobs.queueAndWait(new Print('both'))).toBe('printed both');
    }
  });

  it('brings its jobs to a test that runs them one by one', async () => {
    const imports = [BackgroundJobsModule.forRoot(), traceModule(new Trace())];
    const builder = Test.createTestingModule({ imports, providers: [Eager] }).setLogger(new TraceLogger());
    const testing = JobsTesting.install(builder);
    const app = await builder.compile();
    onTestFinished(() => app.close());
    await app.init();
    await app.get(LazyModuleLoader).load(() => PressModule);
    await app.get(QueueHandle).queue(new Print('by hand'));
    expect(await testing.drain()).toMatchObject([{ name: 'print', outcome: 'completed' }]);
  });
});
