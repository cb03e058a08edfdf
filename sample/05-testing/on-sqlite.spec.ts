import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { boot } from './testing/boot.js';

it('goes the same way on the storage of production', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'testing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'jobs.db');
  const { jobs, signups, mailer } = await boot({ storage: (clock) => new SqliteStorage({ path, clock }) });
  await signups.signup({ email: 'ada@example.com' });
  await jobs.advance('3 days');
  expect(mailer.sent).toContain('Welcome: ada@example.com');
  expect(mailer.sent).toContain('Still there?: ada@example.com');
});
