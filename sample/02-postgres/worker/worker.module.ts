import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { storage } from '../database.js';
import { DatabaseModule } from '../database.module.js';
import { ConfirmOrderHandler } from './confirm-order.handler.js';
import { ShipOrderHandler } from './ship-order.handler.js';

@Module({
  imports: [
    DatabaseModule,
    BackgroundJobsModule.forRoot({ storage: storage(), workers: { default: 4, mail: 2 } }),
  ],
  providers: [ConfirmOrderHandler, ShipOrderHandler],
})
export class WorkerModule {}
