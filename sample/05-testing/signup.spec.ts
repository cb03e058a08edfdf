import { jobMatchers, type JobMatchers } from 'nestjs-background-jobs/testing';
import { expect, it } from 'vitest';
import { Charge } from './jobs/charge.job.js';
import { Reminder } from './jobs/reminder.job.js';
import { WelcomeEmail } from './jobs/welcome-email.job.js';
import { boot } from './testing/boot.js';

expect.extend(jobMatchers);
declare module 'vitest' {
  // oxlint-disable-next-line no-explicit-any, no-unused-vars -- vitest's own parameter
  interface Matchers<T = any> extends JobMatchers<T> {}
}

it('queues a welcome, and nothing to pay for what is free', async () => {
  const { jobs, signups, mailer } = await boot();
  await signups.signup({ email: 'ada@example.com' });
  await expect(jobs).toHaveQueued(WelcomeEmail, { payload: { email: 'ada@example.com' }, queue: 'mail' });
  await expect(jobs).not.toHaveQueued(Charge);
  expect(mailer.sent).toEqual([]);
});

it('welcomes at once, and reminds three days later', async () => {
  const { jobs, signups, mailer } = await boot();
  await signups.signup({ email: 'ada@example.com' });
  await jobs.drain();
  expect(mailer.sent).toEqual(['Welcome: ada@example.com']);
  await jobs.expectQueued(Reminder, { delay: '3 days', times: 1 });

  await jobs.advance('3 days');
  expect(mailer.sent).toContain('Still there?: ada@example.com');
});

it('leaves alone who has begun', async () => {
  const { jobs, accounts, mailer } = await boot();
  accounts.set('ada@example.com', 'active');
  expect(await jobs.run(new Reminder('ada@example.com'))).toEqual({ sent: false });
  expect(mailer.sent).toEqual([]);
});

it('reminds once, though the process dies behind the welcome', async () => {
  const { jobs, signups, mailer } = await boot();
  await signups.signup({ email: 'ada@example.com' });
  mailer.onSent = () => jobs.crash();
  expect(await jobs.drain()).toMatchObject([{ name: 'welcome-email', outcome: 'crashed' }]);

  mailer.onSent = () => {};
  const [again] = await jobs.advance('30s');
  expect(again).toMatchObject({ name: 'welcome-email', outcome: 'completed', attempt: 1 });
  await jobs.expectQueued(Reminder, { times: 1 });
});

it('reminds once, though the welcome is delivered twice', async () => {
  const { jobs, signups } = await boot();
  jobs.duplicateDelivery(WelcomeEmail);
  await signups.signup({ email: 'ada@example.com' });
  expect((await jobs.drain()).map(({ outcome }) => outcome)).toEqual(['lost', 'completed']);
  await jobs.expectQueued(Reminder, { times: 1 });
});
