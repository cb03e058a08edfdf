import { Test } from '@nestjs/testing';
import { expect, it, onTestFinished, vi } from 'vitest';
import { JobsTesting } from '../../../lib/testing/index.js';
import { needServer } from '../../support/need-server.js';
import { dropSchema, newSchema } from '../../support/postgres.js';
import { StoppedSchema } from '../../../lib/drivers/postgres/index.js';
import { TraceLogger } from '../nest/trace.js';

const NOW = new Date('2030-01-01T00:00:00Z');

/** The shop of sample/02 on PostgreSQL, its API and its worker in one application. Its modules read the environment. */
async function openShop(url: string) {
  const schema = newSchema();
  vi.stubEnv('POSTGRES_URL', url);
  vi.stubEnv('SHOP_SCHEMA', schema);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { prepareShop } = await import('../../../sample/02-postgres/shop/prepare-shop.js');
  const { DatabaseModule } = await import('../../../sample/02-postgres/database.module.js');
  const { WorkerModule } = await import('../../../sample/02-postgres/worker/worker.module.js');
  const { OrdersController } = await import('../../../sample/02-postgres/api/orders.controller.js');
  const { ConfirmOrder } = await import('../../../sample/02-postgres/jobs/confirm-order.job.js');
  const { ShipOrder } = await import('../../../sample/02-postgres/jobs/ship-order.job.js');

  await prepareShop();
  onTestFinished(() => dropSchema(schema));
  const time = await StoppedSchema.open({ connectionString: url, schema: `${schema}_jobs` }, NOW);
  onTestFinished(() => time.remove());
  const builder = Test.createTestingModule({
    imports: [DatabaseModule, WorkerModule],
    controllers: [OrdersController],
  }).setLogger(new TraceLogger());
  const jobs = JobsTesting.install(builder, { now: NOW, storage: 'application', onTime: time.moveTo });
  const app = await builder.compile();
  await app.init();
  onTestFinished(() => app.close());
  return { jobs, orders: app.get(OrdersController), ConfirmOrder, ShipOrder };
}

it('the shop ships each order once, whatever is rolled back, fails or is delivered twice', async ({
  skip,
}) => {
  const { jobs, orders, ConfirmOrder, ShipOrder } = await openShop(needServer('postgres', skip));
  await expect(orders.place({ card: 'declined' })).rejects.toThrow('declined');
  await jobs.expectNotQueued(ShipOrder);

  const { id } = await orders.place({ quantity: 2 });
  await jobs.expectQueued(ConfirmOrder, { payload: { orderId: id }, queue: 'mail', times: 1 });
  jobs.failNext(ConfirmOrder, new Error('503'), 2);
  jobs.failNext(ShipOrder, new Error('The warehouse is closed'));
  // Its end is committed with its effect, so that nothing is left to be delivered again.
  jobs.duplicateDelivery(ShipOrder);
  const runs = await jobs.advance('1m');
  const told = runs.map(({ name, outcome, at }) => `${name} ${outcome} ${at.toISOString().slice(17, 19)}`);
  expect(told.toSorted()).toEqual([
    'confirm-order completed 06',
    'confirm-order retrying 00',
    'confirm-order retrying 02',
    'ship-order completed 02',
    'ship-order retrying 00',
  ]);
  expect(await orders.products()).toEqual([{ name: 'teapot', shipped: 2 }]);
});
