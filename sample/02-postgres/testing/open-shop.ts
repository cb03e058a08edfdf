import { PLACE } from './place.js';
import type { LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { JobInspector, QueueHandle } from 'nestjs-background-jobs';
import { StoppedSchema } from 'nestjs-background-jobs/postgres';
import { JobsTesting, type JobsTestingOptions } from 'nestjs-background-jobs/testing';
import { DataSource } from 'typeorm';
import { afterAll, onTestFinished } from 'vitest';
import { OrdersController } from '../api/orders.controller.js';
import { DatabaseModule } from '../database.module.js';
import { prepareShop } from '../shop/prepare-shop.js';
import { WorkerModule } from '../worker/worker.module.js';

class QuietLogger implements LoggerService {
  log(): void {}
  warn(): void {}
  error(): void {}
}

let schema: StoppedSchema | undefined;
afterAll(async () => {
  await schema?.remove();
});

/** The API and the worker in one application, on PostgreSQL, both schemas empty. No job runs until the test says so. */
export async function openShop(options: JobsTestingOptions = {}) {
  await schema?.close();
  // The time of the jobs' schema stands still, and begins anew.
  schema = await StoppedSchema.open(
    { connectionString: PLACE.connectionString, schema: PLACE.jobsSchema },
    options.now,
  );
  await prepareShop();
  const builder = Test.createTestingModule({
    imports: [DatabaseModule, WorkerModule],
    controllers: [OrdersController],
  }).setLogger(new QuietLogger());
  const jobs = JobsTesting.install(builder, {
    storage: 'application',
    onTime: schema.moveTo,
    ...options,
  });
  const app = await builder.compile();
  await app.init();
  const source = app.get(DataSource);
  onTestFinished(async () => {
    await source.query(`drop schema "${PLACE.schema}" cascade`);
    await app.close();
  });
  return {
    jobs,
    source,
    orders: app.get(OrdersController),
    queue: app.get(QueueHandle),
    inspector: app.get(JobInspector),
  };
}
