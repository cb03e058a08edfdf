import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { Accounts } from './accounts.js';
import { Charge } from './jobs/charge.job.js';
import { NightlyReport } from './jobs/nightly-report.job.js';
import { Reminder } from './jobs/reminder.job.js';
import { WelcomeEmail } from './jobs/welcome-email.job.js';
import { Mailer } from './mailer.js';
import { Payments } from './payments.js';
import { SignupController } from './signup.controller.js';

/** As it would run in production. The tests change nothing in it. */
@Module({
  imports: [
    BackgroundJobsModule.forRoot({
      storage: new SqliteStorage({ path: 'jobs.db' }),
      workers: { default: 16, mail: 4 },
    }),
  ],
  controllers: [SignupController],
  providers: [Accounts, Mailer, Payments, WelcomeEmail, Reminder, Charge, NightlyReport],
})
export class AppModule {}
