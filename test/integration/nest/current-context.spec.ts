import { Injectable } from '@nestjs/common';
import { BackgroundJobsModule, Job, JobContext, QueueHandle } from 'nestjs-background-jobs';
import { expect, it } from 'vitest';
import { boot } from './application.js';
import { ended } from './run-one.js';

@Injectable()
class Ledger {
  async enter(): Promise<string> {
    await Promise.resolve();
    return `entered by ${JobContext.current()?.name ?? 'nobody'}`;
  }
}

@Job({ name: 'enter', inject: [Ledger], maxRetries: 0 })
class Enter {
  run(ledger: Ledger): Promise<string> {
    return ledger.enter();
  }
}

async function run(options: Parameters<typeof BackgroundJobsModule.forRoot>[0]) {
  const { app } = await boot({
    imports: [BackgroundJobsModule.forRoot(options)],
    providers: [Enter, Ledger],
  });
  const jobs = app.get(QueueHandle);
  const { id } = await jobs.queue(new Enter());
  return { app, info: await ended(jobs, id) };
}

// What a process tracks it tracks for good, so that the order counts.
it('a run that nobody tracks learns how to have it tracked, rather than that there is none', async () => {
  expect(JobContext.current()).toBeUndefined();
  const { info } = await run({});
  expect(info.state).toBe('dead');
  expect(info.errors[0]?.message).toContain('context: { current: true }');
});

it('a provider finds the run that it is called by, and none where it is called by another', async () => {
  const { app, info } = await run({ context: { current: true } });
  expect(info.result).toBe('entered by enter');
  expect(await app.get(Ledger).enter()).toBe('entered by nobody');
});
