import { Body, Controller, Get, HttpException, HttpStatus, Post } from '@nestjs/common';
import { QueueHandle } from 'nestjs-background-jobs';
import type { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { DataSource } from 'typeorm';
import { ConfirmOrder } from '../jobs/confirm-order.job.js';
import { ShipOrder } from '../jobs/ship-order.job.js';
import { Order } from '../shop/order.entity.js';
import { Product } from '../shop/product.entity.js';

interface NewOrder {
  readonly quantity?: number;
  readonly email?: string;
  /** Stands for a payment that fails at the last moment. */
  readonly card?: 'declined';
}

@Controller()
export class OrdersController {
  constructor(
    private readonly source: DataSource,
    // Named with its storage, it knows what `transaction` may be.
    private readonly jobs: QueueHandle<PostgresStorage>,
  ) {}

  /** An order and its jobs are there together, or neither is. */
  @Post('orders')
  place(@Body() { quantity = 1, email = 'ada@example.com', card }: NewOrder = {}) {
    return this.source.transaction(async (manager) => {
      const order = await manager.save(manager.create(Order, { product: 'teapot', quantity, email }));
      const jobs = [new ConfirmOrder(order.id), new ShipOrder(order.id)];
      await this.jobs.queueAll(jobs, { transaction: manager });
      if (card === 'declined') throw new HttpException('The card was declined', HttpStatus.PAYMENT_REQUIRED);
      return order;
    });
  }

  @Get('orders')
  orders() {
    return this.source.getRepository(Order).find({ order: { id: 'desc' }, take: 20 });
  }

  @Get('products')
  products() {
    return this.source.getRepository(Product).find();
  }

  /** The queues in numbers. */
  @Get('jobs')
  queues() {
    return this.jobs.stats();
  }
}
