import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BackgroundJobsModule,
  Backoff,
  getInstanceToken,
  InjectQueueHandle,
  Job,
  JobInspector,
  QueueHandle,
} from '../../../lib/index.js';
import { jobMatchers, JobsTesting, type JobsTestingOptions } from '../../../lib/testing/index.js';
import { TraceLogger } from '../nest/trace.js';

expect.extend(jobMatchers);

@Injectable()
class Desk {
  onReport: () => unknown = () => {};

  constructor(
    readonly jobs: QueueHandle,
    @InjectQueueHandle('reports') readonly reports: QueueHandle,
  ) {}
}

/** Runs with the one, and has the other make a report. */
@Job({ name: 'order', inject: [Desk] })
class Order {
  constructor(readonly number: number) {}

  async run({ reports }: Desk): Promise<void> {
    await reports.queue(new Report(this.number), { delay: '1h' });
  }
}

@Job({ name: 'report', inject: [Desk], backoff: Backoff.linear(600), maxRetries: 1 })
class Report {
  constructor(readonly number: number) {}

  async run(desk: Desk): Promise<string> {
    await desk.onReport();
    if (this.number === 2) await desk.jobs.queue(new Order(3), { delay: '30m' });
    return `report ${this.number}`;
  }
}

const INSTANCES = ['reports'];

function builderOf(reports: object = { name: 'reports' }) {
  return Test.createTestingModule({
    imports: [BackgroundJobsModule.forRoot(), BackgroundJobsModule.forRoot(reports)],
    providers: [Desk, Order, Report],
  }).setLogger(new TraceLogger());
}

async function boot(options: JobsTestingOptions = {}, reports?: object) {
  const builder = builderOf(reports);
  const jobs = JobsTesting.install(builder, { instances: INSTANCES, ...options });
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return { app, jobs, desk: app.get(Desk) };
}

describe('an application with two instances of the module', () => {
  it('has one time, in which the jobs of both run in their order', async () => {
    const { jobs, desk } = await boot();
    const start = jobs.now().getTime();
    await desk.jobs.queueAll([new Order(1), new Order(2)]);
    await desk.reports.queue(new Report(0), { delay: '30m' });
    jobs.failNext(Report, new Error('no paper'));
    const runs = await jobs.advance('3h');
    expect(
      runs.map(({ name, outcome, at, result }) => [name, outcome, (at.getTime() - start) / 60_000, result]),
    ).toEqual([
      ['order', 'completed', 0, undefined],
      ['order', 'completed', 0, undefined],
      ['report', 'retrying', 30, undefined],
      ['report', 'completed', 40, 'report 0'],
      ['report', 'completed', 60, 'report 1'],
      ['report', 'completed', 60, 'report 2'],
      ['order', 'completed', 90, undefined],
      ['report', 'completed', 150, 'report 3'],
    ]);
  });

  it('drains both, whichever makes jobs for the other', async () => {
    const { jobs, desk } = await boot();
    await desk.reports.queue(new Report(1));
    await desk.jobs.queue(new Order(2));
    expect((await jobs.drain()).map(({ name }) => name)).toEqual(['order', 'report']);
    await jobs.advance('1h');
    await jobs.expectQueued(Order, { payload: { number: 3 }, delay: '30m', times: 1 });
  });

  it('tells apart what was queued with each, and runs single jobs with each', async () => {
    const { app, jobs, desk } = await boot();
    const reports = jobs.instance('reports');
    await desk.reports.queue(new Report(7));
    await reports.expectQueued(Report, { payload: { number: 7 }, times: 1 });
    await jobs.expectNotQueued(Report);
    await expect(reports).toHaveQueued(Report, { state: 'ready' });
    await expect(jobs).not.toHaveQueued(Report);
    await expect(reports.expectNotQueued(Report)).rejects.toThrow('Expected no job');
    expect(await reports.run(new Report(8))).toBe('report 8');
    const inspector = app.get<JobInspector>(getInstanceToken('reports', JobInspector));
    expect((await inspector.list()).jobs).toHaveLength(1);
  });

  it('crashes as a whole, and neither charges its jobs an attempt', async () => {
    const { jobs, desk } = await boot();
    desk.onReport = () => jobs.crash();
    await desk.reports.queueAll([new Report(1), new Report(4)]);
    expect((await jobs.drain()).map(({ outcome }) => outcome)).toEqual(['crashed']);
    desk.onReport = () => {};
    const runs = await jobs.advance('31s');
    expect(runs.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ['completed', 1],
      ['completed', 1],
    ]);
  });

  it('runs inline with both', async () => {
    const { desk } = await boot({ mode: 'inline' });
    const { id } = await desk.reports.queue(new Report(5));
    expect(await desk.reports.info(id)).toMatchObject({ state: 'completed', result: 'report 5' });
  });

  it('runs the workers of both in real time', async () => {
    const { jobs, desk } = await boot({ mode: 'real' });
    await desk.reports.queue(new Report(5));
    await desk.jobs.queue(new Order(1));
    expect((await jobs.drain()).map(({ name }) => name).toSorted()).toEqual(['order', 'report']);
    expect(await jobs.instance('reports').run(new Report(6))).toBe('report 6');
  });

  it('makes a storage for each, or keeps that of the application', async () => {
    const made: (string | undefined)[] = [];
    const { MemoryStorage } = await import('../../../lib/index.js');
    await boot({
      storage(clock, instance) {
        made.push(instance);
        return new MemoryStorage({ clock });
      },
    });
    expect(new Set(made)).toEqual(new Set([undefined, 'reports']));
  });

  it('may have workers for one alone', async () => {
    const { jobs, desk } = await boot({}, { name: 'reports', workers: false });
    await desk.reports.queue(new Report(1));
    await desk.jobs.queue(new Order(1));
    expect((await jobs.drain()).map(({ name }) => name)).toEqual(['order']);
    await expect(jobs.instance('reports').run(new Report(1))).rejects.toThrow('workers: false');
  });
});

it('an instance that the test has not named, or that is not there, is told when the module is compiled', async () => {
  const unnamed = builderOf();
  JobsTesting.install(unnamed);
  await expect(unnamed.compile()).rejects.toThrow("has an instance 'reports'");
  const odd = builderOf();
  const jobs = JobsTesting.install(odd, { instances: ['reports', 'mail'] });
  await expect(odd.compile()).rejects.toThrow("has no instance 'mail'");
  expect(() => jobs.instance('other')).toThrow("'other' is none of the option instances");
});
