import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { expect as expectOfJest } from 'expect';
import { expect, it, onTestFinished } from 'vitest';
import { BackgroundJobsModule, Job, QueueHandle } from '../../../lib/index.js';
import { jobMatchers, JobsTesting, type JobMatchers } from '../../../lib/testing/index.js';
import { TraceLogger } from '../nest/trace.js';

expectOfJest.extend(jobMatchers);
declare module 'expect' {
  // oxlint-disable-next-line no-unused-vars -- its own parameters
  interface Matchers<R extends void | Promise<void>, T> extends JobMatchers<T> {}
}

@Job({ name: 'greet' })
class Greet {
  constructor(readonly name: string) {}

  run(): void {}
}

@Module({ imports: [BackgroundJobsModule.forRoot()], providers: [Greet] })
class AppModule {}

it('the matchers work in the expect of Jest', async () => {
  const builder = Test.createTestingModule({ imports: [AppModule] }).setLogger(new TraceLogger());
  const jobs = JobsTesting.install(builder);
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  await app.get(QueueHandle).queue(new Greet('Ada'));

  await expectOfJest(jobs).toHaveQueued(Greet, { payload: { name: 'Ada' } });
  await expectOfJest(jobs).not.toHaveQueued(Greet, { payload: { name: 'Grace' } });
  await expect(expectOfJest(jobs).not.toHaveQueued(Greet)).rejects.toThrow('Expected no job');
  await expect(expectOfJest(jobs).toHaveQueued(Greet, { payload: { name: 'Grace' } })).rejects.toThrow(
    "payload.name is 'Ada', not 'Grace'",
  );
});
