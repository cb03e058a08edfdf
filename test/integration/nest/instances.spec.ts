import { Inject, Injectable } from '@nestjs/common';
import {
  BackgroundJobsModule,
  getInstanceToken,
  InjectQueueHandle,
  Job,
  JobEvents,
  JobHealthIndicator,
  JobInspector,
  MemoryStorage,
  OnJobEvent,
  QueueHandle,
  Storage,
  type EventOf,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot, bootError } from './application.js';

class Ran {
  readonly names: string[] = [];
}

@Job({ name: 'report', inject: [Ran] })
class Report {
  constructor(readonly title: string) {}

  run(ran: Ran): void {
    ran.names.push(this.title);
  }
}

@Job({ name: 'nightly', every: '1h' })
class Nightly {
  run(): void {}
}

@Injectable()
class Clerk {
  readonly heard: string[] = [];

  constructor(
    readonly jobs: QueueHandle,
    @InjectQueueHandle('reports') readonly reports: QueueHandle,
    @Inject(getInstanceToken('reports', JobInspector)) readonly inspector: JobInspector,
    @Inject(getInstanceToken('reports', JobEvents)) readonly events: JobEvents,
    @Inject(getInstanceToken('reports', JobHealthIndicator)) readonly health: JobHealthIndicator,
  ) {}

  @OnJobEvent('completed', { job: Report })
  hear({ job }: EventOf<'completed'>): void {
    this.heard.push(job.id);
  }
}

function start(order: 'named first' | 'named last' = 'named last') {
  const main = new MemoryStorage();
  const reports = new MemoryStorage();
  const imports = [
    BackgroundJobsModule.forRoot({ storage: main }),
    BackgroundJobsModule.forRootAsync({ name: 'reports', useFactory: () => ({ storage: reports }) }),
  ];
  if (order === 'named first') imports.reverse();
  return boot({ imports, providers: [Ran, Report, Nightly, Clerk] });
}

describe.each(['named first', 'named last'] as const)('two instances, the %s', (order) => {
  it('keep their jobs apart, and each runs what was queued with it', async () => {
    const { app, log } = await start(order);
    const clerk = app.get(Clerk);
    const mine = await clerk.jobs.queue(new Report('mine'));
    const theirs = await clerk.reports.queue(new Report('theirs'));
    await expect.poll(() => new Set(app.get(Ran).names)).toEqual(new Set(['mine', 'theirs']));
    await expect.poll(() => clerk.reports.info(theirs.id)).toMatchObject({ state: 'completed' });
    expect(await clerk.reports.info(mine.id)).toBeUndefined();
    expect(await clerk.jobs.info(theirs.id)).toBeUndefined();
    expect((await clerk.inspector.list()).jobs.map(({ id }) => id)).toEqual([theirs.id]);
    expect(await clerk.health.isReady('reports')).toMatchObject({ reports: { status: 'up' } });
    expect(log.lines.join('\n')).toContain('BackgroundJobs(reports)');
  });

  it('have the classes stand for the one without a name, also where an application asks for them', async () => {
    const { app } = await start(order);
    const clerk = app.get(Clerk);
    expect(app.get(QueueHandle)).toBe(clerk.jobs);
    expect(app.get(getInstanceToken('reports', QueueHandle))).toBe(clerk.reports);
    expect(app.get(Storage)).not.toBe(app.get(getInstanceToken('reports', Storage)));
    expect(app.get(JobInspector)).not.toBe(clerk.inspector);
  });

  it('tell their events apart as streams, and all of them to @OnJobEvent', async () => {
    const { app } = await start(order);
    const clerk = app.get(Clerk);
    const seen: string[] = [];
    clerk.events.on('completed', Report).subscribe(({ job }) => void seen.push(job.id));
    const { id: mine } = await clerk.jobs.queue(new Report('mine'));
    const { id: theirs } = await clerk.reports.queue(new Report('theirs'));
    await expect.poll(() => clerk.heard.length).toBe(2);
    expect(new Set(clerk.heard)).toEqual(new Set([mine, theirs]));
    expect(seen).toEqual([theirs]);
  });

  it('leave the schedules of job classes to the one without a name', async () => {
    const { app } = await start(order);
    const keysOf = async (inspector: JobInspector) =>
      (await inspector.schedules.list()).map(({ key }) => key);
    expect(await keysOf(app.get(JobInspector))).toEqual(['nightly']);
    expect(await keysOf(app.get(Clerk).inspector)).toEqual([]);
  });
});

it('opens the storage of each before other modules begin, and closes it with the application', async () => {
  const reports = new MemoryStorage();
  class Early {
    constructor(@InjectQueueHandle('reports') readonly jobs: QueueHandle) {}
    onModuleInit() {
      return this.jobs.queue(new Report('early'), { delay: '1h' });
    }
  }
  Injectable()(Early);
  const { app } = await boot({
    imports: [
      BackgroundJobsModule.forRoot(),
      BackgroundJobsModule.forRoot({ name: 'reports', storage: reports, workers: false }),
    ],
    providers: [Early],
  });
  expect((await reports.stats())[0]).toMatchObject({ scheduled: 1 });
  await app.close();
  await expect(reports.stats()).rejects.toThrow(/open/);
});

it('refuses two instances of one name, one without another that has none, and a name that comes too late', async () => {
  const named = () => BackgroundJobsModule.forRoot({ name: 'reports' });
  expect((await bootError({ imports: [BackgroundJobsModule.forRoot(), named(), named()] })).message).toMatch(
    /have the name 'reports'/,
  );
  expect((await bootError({ imports: [named()] })).message).toMatch(/needs one without a name beside it/);
  const late = BackgroundJobsModule.forRootAsync({ useFactory: () => ({ name: 'reports' }) as object });
  expect((await bootError({ imports: [late] })).message).toMatch(/name stands beside useFactory/);
  expect(() => BackgroundJobsModule.forRoot({ name: '' })).toThrow(/must not be empty/);
});
