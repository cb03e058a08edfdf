import type { LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { JobInspector, NonRetryableError } from 'nestjs-background-jobs';
import { JobsTesting, type JobsTestingOptions } from 'nestjs-background-jobs/testing';
import { onTestFinished } from 'vitest';
import { AppModule } from '../app.module.js';
import { MailProvider } from '../mail-provider.js';
import { Newsletter } from '../newsletter.js';

/** Sends at once, and refuses what the real one would. */
export class MailProviderDouble extends MailProvider {
  readonly sent: string[] = [];

  override async send(customer: string, to: string): Promise<void> {
    if (!this.isMended && to.endsWith('@old.example')) throw new NonRetryableError('550 unknown domain');
    this.sent.push(`${customer}: ${to}`);
  }

  override sentTo(customer?: string): number {
    return this.sent.filter((copy) => customer === undefined || copy.startsWith(`${customer}: `)).length;
  }
}

class QuietLogger implements LoggerService {
  log(): void {}
  warn(): void {}
  error(): void {}
}

/** The application as it is, but for its provider of mail, and with no job running until the test says so. */
export async function boot(options: JobsTestingOptions = {}) {
  const provider = new MailProviderDouble();
  const builder = Test.createTestingModule({ imports: [AppModule] })
    .setLogger(new QuietLogger())
    .overrideProvider(MailProvider)
    .useValue(provider);
  const jobs = JobsTesting.install(builder, options);
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return { jobs, provider, newsletter: app.get(Newsletter), inspector: app.get(JobInspector) };
}
