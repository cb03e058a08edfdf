import { Test } from '@nestjs/testing';
import { QueueHandle } from 'nestjs-background-jobs';
import { JobsTesting, type JobsTestingOptions } from 'nestjs-background-jobs/testing';
import { onTestFinished } from 'vitest';
import { Accounts } from '../accounts.js';
import { AppModule } from '../app.module.js';
import { Mailer } from '../mailer.js';
import { Payments } from '../payments.js';
import { SignupController } from '../signup.controller.js';
import { MailerDouble } from './mailer-double.js';
import { QuietLogger } from './quiet-logger.js';

/** The application as it is, but for its mailer, and with no job running until the test says so. */
export async function boot(options: JobsTestingOptions = {}) {
  const mailer = new MailerDouble();
  const builder = Test.createTestingModule({ imports: [AppModule] })
    .setLogger(new QuietLogger())
    .overrideProvider(Mailer)
    .useValue(mailer);
  const jobs = JobsTesting.install(builder, options);
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return {
    jobs,
    mailer,
    queue: app.get(QueueHandle),
    signups: app.get(SignupController),
    accounts: app.get(Accounts),
    payments: app.get(Payments),
  };
}
