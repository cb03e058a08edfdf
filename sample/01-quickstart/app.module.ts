import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { JobsController } from './jobs.controller.js';
import { MonthlyReport } from './jobs/monthly-report.job.js';
import { PartnerSync } from './jobs/partner-sync.job.js';
import { WelcomeEmail } from './jobs/welcome-email.job.js';
import { Mailer } from './mailer.js';
import { Partner } from './partner.js';
import { SignupController } from './signup.controller.js';

export const DATABASE = process.env.JOBS_DB ?? 'quickstart.db';

@Module({
  imports: [
    BackgroundJobsModule.forRoot({
      storage: new SqliteStorage({ path: DATABASE }),
      workers: { default: 4, mail: 2 },
      // Short, so that the wait after a kill -9 is. The default of 30 s suits machines that pause now and then.
      lease: '5s',
    }),
  ],
  controllers: [SignupController, JobsController],
  providers: [Mailer, Partner, WelcomeEmail, MonthlyReport, PartnerSync],
})
export class AppModule {}
