import { Backoff, Job, type JobContext } from 'nestjs-background-jobs';
import { Partner } from '../partner.js';

/** Fails twice and then works: the retries and their waits are the queue's business, not the job's. */
@Job({ name: 'partner-sync', maxRetries: 5, backoff: Backoff.linear(2), inject: [Partner] })
export class PartnerSync {
  constructor(readonly account: string) {}

  async run(partner: Partner, context: JobContext): Promise<{ orders: number }> {
    const orders = await partner.fetchOrders(this.account);
    context.log(`${orders} orders of ${this.account}, at attempt ${context.attempt}`);
    return { orders };
  }
}
