import { openShop } from './testing/open-shop.js';
import type { JobRun } from 'nestjs-background-jobs/testing';
import { EntityManager } from 'typeorm';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { needServer } from '../../test/support/need-server.js';
import { AskForReview } from './jobs/ask-for-review.job.js';
import { ConfirmOrder } from './jobs/confirm-order.job.js';
import { ShipOrder } from './jobs/ship-order.job.js';
import { Order } from './shop/order.entity.js';

beforeEach(({ skip }) => void needServer('postgres', skip));

it('an order is confirmed and shipped, and reviewed three days later', async () => {
  const { jobs, orders } = await openShop();
  const start = jobs.now().getTime();
  const { id } = await orders.place({ quantity: 2, email: 'ada@example.com' });
  await jobs.expectQueued(ConfirmOrder, { payload: { orderId: id }, queue: 'mail', times: 1 });
  await jobs.expectQueued(ShipOrder, { payload: { orderId: id }, times: 1 });

  await jobs.drain();
  expect(await orders.products()).toEqual([{ name: 'teapot', shipped: 2 }]);
  await jobs.expectQueued(AskForReview, { payload: { orderId: id }, delay: '3 days', times: 1 });

  const [review, ...others] = await jobs.advance('7 days');
  expect(review).toMatchObject({ name: 'ask-for-review', result: { asked: 'ada@example.com' } });
  expect([hoursSince(start, review), others]).toEqual([72, []]);
});

it('an order whose card is declined leaves nothing: no order, no mail, nothing shipped', async () => {
  const { jobs, orders, queue } = await openShop();
  await expect(orders.place({ card: 'declined' })).rejects.toThrow('declined');
  await jobs.expectNotQueued(ConfirmOrder);
  await jobs.expectNotQueued(ShipOrder);
  expect([await orders.orders(), await queue.stats()]).toEqual([[], []]);
});

it('nobody is asked for a review of what was sent back', async () => {
  const { jobs, orders, source } = await openShop();
  const { id } = await orders.place({});
  await jobs.drain();
  await source.getRepository(Order).update(id, { state: 'placed' });
  const [review] = await jobs.advance('3 days');
  expect(review).toMatchObject({ name: 'ask-for-review', outcome: 'completed', result: { asked: false } });
});

it('what is shipped is counted once, though runs fail, crash and are delivered twice', async () => {
  const { jobs, orders } = await openShop();
  await orders.place({ quantity: 3 });
  jobs.failNext(ShipOrder, new Error('The warehouse is closed'));
  // Its end is committed with its effect, so that nothing is left to be delivered again.
  jobs.duplicateDelivery(ShipOrder);
  // The process dies between the count and the commit, which its database then rolls back.
  const count = vi.spyOn(EntityManager.prototype, 'increment').mockImplementationOnce(async () => {
    await jobs.crash();
    throw new Error('killed');
  });
  onTestFinished(() => count.mockRestore());
  const ship = (await jobs.advance('5m')).filter(({ name }) => name === 'ship-order');
  expect(ship.map(({ outcome }) => outcome)).toEqual(['retrying', 'crashed', 'completed']);
  expect(await orders.products()).toEqual([{ name: 'teapot', shipped: 3 }]);
  await jobs.expectQueued(AskForReview, { times: 1 });
});

it('mail that is refused for a minute is given up, and brought back when the provider is', async () => {
  const { jobs, orders, inspector } = await openShop();
  const start = jobs.now().getTime();
  jobs.failNext(ConfirmOrder, new Error('503'), 6);
  await orders.place({});
  const mail = (await jobs.advance('2m')).filter(({ name }) => name === 'confirm-order');
  expect(mail.map((run) => [run.outcome, hoursSince(start, run) * 3600])).toEqual([
    ...[0, 2, 6, 14, 30].map((seconds) => ['retrying', seconds]),
    ['dead', 62],
  ]);
  const dead = { state: 'dead', queue: 'mail' } as const;
  expect((await inspector.redrive(dead, { dryRun: true, rate: '1/s' })).causes).toMatchObject([
    { reason: 'retries-exhausted', count: 1 },
  ]);
  await inspector.redrive(dead, { rate: '1/s' });
  expect(await jobs.drain()).toMatchObject([{ name: 'confirm-order', outcome: 'completed', attempt: 1 }]);
});

function hoursSince(start: number, run: JobRun | undefined): number {
  return ((run?.at.getTime() ?? NaN) - start) / 3_600_000;
}
