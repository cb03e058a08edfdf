import { Job } from 'nestjs-background-jobs';
import { Accounts } from '../accounts.js';
import { Mailer } from '../mailer.js';

/** Of use to those alone who have done nothing yet. */
@Job({ name: 'reminder', queue: 'mail', inject: [Mailer, Accounts] })
export class Reminder {
  constructor(readonly email: string) {}

  async run(mailer: Mailer, accounts: Accounts): Promise<{ sent: boolean }> {
    if (accounts.stateOf(this.email) !== 'new') return { sent: false };
    await mailer.send(this.email, 'Still there?');
    return { sent: true };
  }
}
