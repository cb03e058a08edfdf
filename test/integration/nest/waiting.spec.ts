import {
  BackgroundJobsModule,
  Job,
  MemoryStorage,
  NonRetryableError,
  QueueHandle,
  StorageClosedError,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { JobsTesting } from '../../../lib/testing/index.js';
import { Test } from '@nestjs/testing';
import { boot } from './application.js';
import { TraceLogger } from './trace.js';

@Job({ name: 'sum' })
class Sum {
  constructor(readonly to: number) {}

  run(): { readonly sum: number } {
    if (this.to < 0) throw new NonRetryableError('too small');
    return { sum: (this.to * (this.to + 1)) / 2 };
  }
}

/** Counts how often it is asked. */
class AskedStorage extends MemoryStorage {
  looks = 0;

  override info(ids: readonly string[]) {
    this.looks += 1;
    return super.info(ids);
  }
}

describe('waiting for jobs of the same application', () => {
  it('is woken by the end itself', async () => {
    const storage = new AskedStorage();
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot({ storage })], providers: [Sum] });
    const queue = app.get(QueueHandle);
    const { id } = await queue.queue(new Sum(4), { delay: '1.4s' });
    const began = performance.now();
    const waited = queue.wait<{ sum: number }>(id).then(() => performance.now());
    const info = new Promise<number>((resolve) => {
      const look = setInterval(() => {
        void storage.list({ limit: 1 }).then(({ jobs: [job] }) => {
          if (job?.state !== 'completed') return;
          clearInterval(look);
          resolve(performance.now());
        });
      }, 1);
    });
    const [waitedUntil, endedAt] = await Promise.all([waited, info]);
    expect(waitedUntil - began).toBeGreaterThan(1_000);
    // The next look by itself is hundreds of milliseconds away by then.
    expect(waitedUntil - endedAt).toBeLessThan(200);
    expect(storage.looks).toBeLessThan(15);
  });

  it('resolves with the type of the result, and rejects with the last failure', async () => {
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot()], providers: [Sum] });
    const queue = app.get(QueueHandle);
    const { sum } = await queue.queueAndWait(new Sum(4));
    expect(sum).toBe(10);
    await expect(queue.queueAndWait(new Sum(-1))).rejects.toMatchObject({
      code: 'JOB_DEAD',
      reason: 'non-retryable',
      failure: { message: 'too small', attempt: 1 },
    });
  });

  it('ends when the application closes', async () => {
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot()], providers: [Sum] });
    const queue = app.get(QueueHandle);
    const { id } = await queue.queue(new Sum(4), { delay: '1h' });
    const waited = queue.wait(id).catch((error: unknown) => error);
    await app.close();
    expect(await waited).toBeInstanceOf(StorageClosedError);
    expect(await queue.wait(id).catch((error: unknown) => error)).toBeInstanceOf(StorageClosedError);
  });

  it.each(['manual', 'inline'] as const)('works in a test in mode %s', async (mode) => {
    const builder = Test.createTestingModule({ imports: [BackgroundJobsModule.forRoot()], providers: [Sum] });
    const jobs = JobsTesting.install(builder.setLogger(new TraceLogger()), { mode });
    const app = await builder.compile();
    await app.init();
    const waited = app.get(QueueHandle).queueAndWait(new Sum(4));
    if (mode === 'manual') await jobs.drain();
    expect(await waited).toEqual({ sum: 10 });
    await app.close();
  });
});
