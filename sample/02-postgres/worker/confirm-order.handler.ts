import { JobHandler, type JobContext, type JobRunner } from 'nestjs-background-jobs';
import { DataSource } from 'typeorm';
import { ConfirmOrder } from '../jobs/confirm-order.job.js';
import { Order } from '../shop/order.entity.js';

@JobHandler(ConfirmOrder)
export class ConfirmOrderHandler implements JobRunner<ConfirmOrder> {
  constructor(private readonly source: DataSource) {}

  async run({ orderId }: ConfirmOrder, context: JobContext): Promise<void> {
    // It is there: the job became visible with the commit that made the order.
    const order = await this.source.getRepository(Order).findOneByOrFail({ id: orderId });
    context.log(`Order ${order.id}: "Thank you" sent to ${order.email}`);
  }
}
