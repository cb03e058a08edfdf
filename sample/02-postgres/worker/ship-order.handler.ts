import { JobHandler, type JobContext, type JobRunner } from 'nestjs-background-jobs';
import { DataSource } from 'typeorm';
import { ShipOrder } from '../jobs/ship-order.job.js';
import { Order } from '../shop/order.entity.js';
import { Product } from '../shop/product.entity.js';

@JobHandler(ShipOrder)
export class ShipOrderHandler implements JobRunner<ShipOrder> {
  constructor(private readonly source: DataSource) {}

  /** Counted exactly once: the count is committed together with the end of the job, or neither is. */
  async run({ orderId }: ShipOrder, context: JobContext): Promise<void> {
    await this.source.transaction(async (manager) => {
      const { product, quantity } = await manager.findOneByOrFail(Order, { id: orderId });
      await manager.increment(Product, { name: product }, 'shipped', quantity);
      await manager.update(Order, orderId, { state: 'shipped' });
      await context.completeIn(manager);
    });
    context.log(`Order ${orderId}: shipped`);
  }
}
