import type { ModuleMetadata } from '@nestjs/common';
import {
  BackgroundJobsModule,
  MaxRetries,
  QueueHandle,
  type BackgroundJobsOptions,
  type JobInfo,
} from 'nestjs-background-jobs';
import { boot } from './application.js';
import { Trace } from './trace.js';

/** Runs one job, without retries unless `options` say otherwise, in an application of its own, and returns its record once it has ended. */
export async function runOne(
  trace: Trace,
  job: object,
  metadata: ModuleMetadata,
  options: BackgroundJobsOptions = {},
): Promise<JobInfo> {
  const { app } = await boot({
    ...metadata,
    imports: [
      BackgroundJobsModule.forRoot({
        defaults: { maxRetries: MaxRetries.count(0), keep: { completed: '1h' } },
        ...options,
      }),
      ...(metadata.imports ?? []),
      traceModule(trace),
    ],
  });
  const queue = app.get(QueueHandle);
  const { id } = await queue.queue(job);
  return ended(queue, id);
}

export async function ended(queue: QueueHandle, id: string): Promise<JobInfo> {
  for (;;) {
    const info = await queue.info(id);
    if (info?.state === 'completed' || info?.state === 'dead') return info;
    await new Promise(setImmediate);
  }
}

export function traceModule(value: Trace) {
  return {
    module: class TraceModule {},
    global: true,
    providers: [{ provide: Trace, useValue: value }],
    exports: [Trace],
  };
}
