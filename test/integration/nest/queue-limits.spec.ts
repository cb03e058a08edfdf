import {
  BackgroundJobsModule,
  JobInspector,
  MemoryStorage,
  type BackgroundJobsOptions,
} from 'nestjs-background-jobs';
import { expect, it } from 'vitest';
import { boot } from './application.js';

it('the limits of the option queues are set when the application starts, and taken away by none', async () => {
  const storage = new MemoryStorage();
  const limited = (queues: NonNullable<BackgroundJobsOptions['queues']>) => ({
    imports: [BackgroundJobsModule.forRoot({ storage, queues, workers: false })],
  });
  const { app: first } = await boot(limited({ mail: { concurrency: 3, groups: { rate: '10/s' } } }));
  expect(await first.get(JobInspector).queues()).toMatchObject([
    { queue: 'mail', limits: { concurrency: 3, groups: { rate: { count: 10, per: 1_000 } } } },
  ]);
  const { app: second } = await boot(limited({ mail: {} }));
  expect((await second.get(JobInspector).queues())[0]?.limits).toBeUndefined();
});
