import { setTimeout as wait } from 'node:timers/promises';
import type { JobContext, JobHandler, QueueHandle } from 'nestjs-background-jobs/core';
import { dailyReport, welcomeEmail, type DailyReport, type WelcomeEmail } from './jobs.js';

/** Who does the jobs. What they need comes as arguments: there is no container to ask. */
export function handlers(jobs: QueueHandle): readonly JobHandler[] {
  return [
    {
      definition: welcomeEmail,
      async run({ email }: WelcomeEmail, context: JobContext) {
        // The signal aborts when the job is cancelled, takes too long, lost its lease or has to make way for a stop.
        await wait(500, undefined, { signal: context.signal });
        return { sentTo: email };
      },
    },
    {
      definition: dailyReport,
      async run({ channel }: DailyReport, context: JobContext) {
        const queues = await jobs.stats();
        const completed = queues.reduce((sum, queue) => sum + queue.completed, 0);
        return `${channel}: ${completed} jobs until ${context.scheduledFor.toISOString()}`;
      },
    },
  ];
}
