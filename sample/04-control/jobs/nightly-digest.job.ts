import { Cron, Job, type JobContext } from 'nestjs-background-jobs';
import { MailProvider } from '../mail-provider.js';

/** Every night at three on the wall of Berlin, summer and winter, once for all processes together. */
@Cron('0 3 * * *', { key: 'nightly-digest', timeZone: 'Europe/Berlin', overlap: 'skip' })
@Job({ name: 'nightly-digest', inject: [MailProvider] })
export class NightlyDigest {
  run(provider: MailProvider, context: JobContext): string {
    return `${provider.sentTo()} copies sent until ${context.scheduledFor.toISOString()}`;
  }
}
