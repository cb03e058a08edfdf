import { Job } from 'nestjs-background-jobs';
import { Mailer } from '../mailer.js';

/** The fields are the payload; what `inject` names comes from the module when the job runs. */
@Job({ name: 'welcome-email', queue: 'mail', inject: [Mailer] })
export class WelcomeEmail {
  constructor(readonly email: string) {}

  async run(mailer: Mailer): Promise<void> {
    await mailer.send(this.email, 'Welcome');
  }
}
