import { defineJob } from 'nestjs-background-jobs/core';

/** The fields are the payload, as everywhere. */
export class WelcomeEmail {
  constructor(readonly email: string) {}
}

export class DailyReport {
  constructor(readonly channel: string) {}
}

// What `@Job` does for a Nest application. A process that only queues needs this file and no other.
export const welcomeEmail = defineJob(WelcomeEmail, { name: 'welcome-email', queue: 'mail', maxRetries: 3 });
export const dailyReport = defineJob(DailyReport, { name: 'daily-report', keep: { completed: '7 days' } });
