import { Job, QueueHandle } from 'nestjs-background-jobs';
import { Mailer } from '../mailer.js';
import { Reminder } from './reminder.job.js';

@Job({ name: 'welcome-email', queue: 'mail', inject: [Mailer, QueueHandle] })
export class WelcomeEmail {
  constructor(readonly email: string) {}

  async run(mailer: Mailer, jobs: QueueHandle): Promise<void> {
    await mailer.send(this.email, 'Welcome');
    // The key has a second run of this job, after a crash perhaps, remind nobody twice.
    await jobs.schedule(new Reminder(this.email), '3 days', { unique: { key: this.email } });
  }
}
