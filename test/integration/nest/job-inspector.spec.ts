import { Injectable, Module } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Job,
  JobInspector,
  MemoryStorage,
  QueueHandle,
  ScheduleControl,
  Storage,
} from 'nestjs-background-jobs';
import { expect, it } from 'vitest';
import { boot } from './application.js';

@Job({ name: 'report', queue: 'office' })
class Report {
  run(): void {}
}

@Injectable()
class Desk {
  constructor(
    readonly inspector: JobInspector,
    readonly jobs: QueueHandle,
  ) {}
}

@Module({ providers: [Desk, Report] })
class OfficeModule {}

it('is injected beside the queue handle, also where no workers run', async () => {
  const { app } = await boot({ imports: [BackgroundJobsModule.forRoot({ workers: false }), OfficeModule] });
  const { inspector, jobs } = app.get(Desk, { strict: false });
  const { id } = await jobs.queue(new Report());
  expect((await inspector.list({ name: 'report' })).jobs.map((job) => job.id)).toEqual([id]);
  expect((await inspector.explain(id)).reasons).toMatchObject([{ kind: 'no-runner', runners: 0 }]);
  expect(await inspector.cancel(id)).toEqual([{ id, outcome: 'done' }]);
});

it('knows the runner of its own process, and shares the schedules with the one that is injected', async () => {
  const { app } = await boot({ imports: [BackgroundJobsModule.forRoot(), OfficeModule] });
  const { inspector } = app.get(Desk, { strict: false });
  await expect.poll(() => inspector.runners()).toMatchObject([{ queues: { office: 10 }, names: ['report'] }]);
  expect(inspector.schedules).toBe(app.get(ScheduleControl));
});

it('looks at the storage that a test put in', async () => {
  const storage = new MemoryStorage();
  const { app } = await boot(
    { imports: [BackgroundJobsModule.forRoot({ workers: false }), OfficeModule] },
    (builder) => builder.overrideProvider(Storage).useValue(storage),
  );
  await app.get(JobInspector).pauseQueue('office', 'audit');
  await app.get(QueueHandle).queue(new Report());
  expect(await storage.stats()).toMatchObject([{ queue: 'office', paused: { reason: 'audit' } }]);
});
