import { Job } from 'nestjs-background-jobs';

/** Data alone; `ShipOrderHandler` does the work. */
@Job({ name: 'ship-order' })
export class ShipOrder {
  constructor(readonly orderId: number) {}
}
