import { Cron, Job, type JobContext } from 'nestjs-background-jobs';
import { Mailer } from '../mailer.js';

@Cron('30 1 * * *', { timeZone: 'Europe/London' })
@Job({ name: 'nightly-report', inject: [Mailer] })
export class NightlyReport {
  async run(mailer: Mailer, context: JobContext): Promise<void> {
    const day = context.scheduledFor.toISOString().slice(0, 10);
    await mailer.send('owner@example.com', `Report of ${day}`);
  }
}
