import { JobHandler, type JobContext, type JobRunner } from 'nestjs-background-jobs';
import { DataSource } from 'typeorm';
import { AskForReview } from '../jobs/ask-for-review.job.js';
import { Order } from '../shop/order.entity.js';

@JobHandler(AskForReview)
export class AskForReviewHandler implements JobRunner<AskForReview> {
  constructor(private readonly source: DataSource) {}

  async run({ orderId }: AskForReview, context: JobContext): Promise<{ asked: string | false }> {
    const order = await this.source.getRepository(Order).findOneBy({ id: orderId });
    // Much may have come to pass in three days: what a job needs to know it asks when it runs.
    if (order?.state !== 'shipped') return { asked: false };
    context.log(`Order ${order.id}: "How was it?" sent to ${order.email}`);
    return { asked: order.email };
  }
}
