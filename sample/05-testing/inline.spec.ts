import { expect, it } from 'vitest';
import { WelcomeEmail } from './jobs/welcome-email.job.js';
import { boot } from './testing/boot.js';

it('has the mail sent when the call returns', async () => {
  const { queue, mailer } = await boot({ mode: 'inline' });
  const { id } = await queue.queue(new WelcomeEmail('ada@example.com'));
  expect(mailer.sent).toEqual(['Welcome: ada@example.com']);
  expect(await queue.info(id)).toMatchObject({ state: 'completed', attempts: 0 });
});
