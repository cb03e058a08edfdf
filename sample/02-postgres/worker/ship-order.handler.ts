import { JobHandler, QueueHandle, type JobContext, type JobRunner } from 'nestjs-background-jobs';
import type { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { DataSource } from 'typeorm';
import { AskForReview } from '../jobs/ask-for-review.job.js';
import { ShipOrder } from '../jobs/ship-order.job.js';
import { Order } from '../shop/order.entity.js';
import { Product } from '../shop/product.entity.js';

@JobHandler(ShipOrder)
export class ShipOrderHandler implements JobRunner<ShipOrder> {
  constructor(
    private readonly source: DataSource,
    private readonly jobs: QueueHandle<PostgresStorage>,
  ) {}

  /** Counted and followed up exactly once: both are committed together with the end of the job, or nothing is. */
  async run({ orderId }: ShipOrder, context: JobContext): Promise<void> {
    await this.source.transaction(async (manager) => {
      const { product, quantity } = await manager.findOneByOrFail(Order, { id: orderId });
      await manager.increment(Product, { name: product }, 'shipped', quantity);
      await manager.update(Order, orderId, { state: 'shipped' });
      await this.jobs.schedule(new AskForReview(orderId), '3 days', { transaction: manager });
      await context.completeIn(manager);
    });
    context.log(`Order ${orderId}: shipped`);
  }
}
