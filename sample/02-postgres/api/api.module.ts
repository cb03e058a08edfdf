import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { storage } from '../database.js';
import { DatabaseModule } from '../database.module.js';
import { OrdersController } from './orders.controller.js';

@Module({
  // The same storage, and nobody works here.
  imports: [DatabaseModule, BackgroundJobsModule.forRoot({ storage: storage(), workers: false })],
  controllers: [OrdersController],
})
export class ApiModule {}
