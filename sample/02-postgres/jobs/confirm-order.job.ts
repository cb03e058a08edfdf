import { Job } from 'nestjs-background-jobs';

/** Data alone, so that the API does not load what only the worker needs. `ConfirmOrderHandler` does the work. */
@Job({ name: 'confirm-order', queue: 'mail' })
export class ConfirmOrder {
  constructor(readonly orderId: number) {}
}
