import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { IssueReport } from './jobs/issue-report.job.js';
import { NightlyDigest } from './jobs/nightly-digest.job.js';
import { SendIssue } from './jobs/send-issue.job.js';
import { MailProvider } from './mail-provider.js';
import { Newsletter } from './newsletter.js';

export const DATABASE = process.env.JOBS_DB ?? 'newsletter.db';

@Module({
  imports: [
    BackgroundJobsModule.forRoot({
      storage: new SqliteStorage({ path: DATABASE }),
      workers: { default: 2, mail: 10 },
      // For all processes together, however many there are: what the provider allows, and two at a time per customer.
      queues: { mail: { rate: '40/s', groups: { concurrency: 2 } } },
    }),
  ],
  providers: [MailProvider, Newsletter, SendIssue, IssueReport, NightlyDigest],
})
export class AppModule {}
