import { Backoff, Job, OnDead, type JobContext } from 'nestjs-background-jobs';
import { Accounts } from '../accounts.js';
import { Payments } from '../payments.js';

@Job({ name: 'charge', maxRetries: 3, backoff: Backoff.exponential(60), inject: [Payments, Accounts] })
export class Charge {
  constructor(
    readonly email: string,
    readonly amount: number,
  ) {}

  async run(payments: Payments, _accounts: Accounts, context: JobContext): Promise<void> {
    // The same at each run, so that the provider charges once, however often this runs.
    await payments.charge(context.id, this.amount);
  }

  @OnDead()
  giveUp(_payments: Payments, accounts: Accounts): void {
    accounts.set(this.email, 'unpaid');
  }
}
