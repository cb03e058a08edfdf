import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { storage } from '../database.js';
import { DatabaseModule } from '../database.module.js';
import { AskForReviewHandler } from './ask-for-review.handler.js';
import { ConfirmOrderHandler } from './confirm-order.handler.js';
import { ShipOrderHandler } from './ship-order.handler.js';

@Module({
  imports: [
    DatabaseModule,
    BackgroundJobsModule.forRoot({ storage: storage(), workers: { default: 4, mail: 2 } }),
  ],
  providers: [ConfirmOrderHandler, ShipOrderHandler, AskForReviewHandler],
})
export class WorkerModule {}
