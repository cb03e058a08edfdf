import { expect, it } from 'vitest';
import { Charge } from './jobs/charge.job.js';
import { boot } from './testing/boot.js';

const SIGNUP = { email: 'ada@example.com', price: 30 };

it('is retried with growing pauses, and then given up', async () => {
  const { jobs, signups, accounts } = await boot();
  jobs.failNext(Charge, new Error('503'), 4);
  await signups.signup(SIGNUP);
  const start = jobs.now().getTime();
  const runs = (await jobs.advance('3 days')).filter(({ name }) => name === 'charge');
  expect(runs.map(({ outcome, at }) => [outcome, (at.getTime() - start) / 60_000])).toEqual([
    ['retrying', 0],
    ['retrying', 1],
    ['retrying', 61],
    ['dead', 3661],
  ]);
  expect(accounts.stateOf(SIGNUP.email)).toBe('unpaid');
});

it('charges once after two failures', async () => {
  const { jobs, signups, payments } = await boot();
  jobs.failNext(Charge, new Error('503'), 2);
  await signups.signup(SIGNUP);
  await jobs.advance('2h');
  expect(payments.total).toBe(30);
});

it('charges once, though the job is delivered twice', async () => {
  const { jobs, signups, payments } = await boot();
  jobs.duplicateDelivery(Charge);
  await signups.signup(SIGNUP);
  await jobs.drain();
  expect(payments.total).toBe(30);
});
