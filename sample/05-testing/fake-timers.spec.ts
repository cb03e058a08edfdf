import { expect, it, onTestFinished, vi } from 'vitest';
import { boot } from './testing/boot.js';

it('has the time of the process go with that of the jobs', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-10-24T12:00:00Z') });
  onTestFinished(() => void vi.useRealTimers());
  const { jobs, mailer } = await boot({
    now: '2026-10-24T12:00:00Z',
    onTime: (now) => vi.setSystemTime(now),
  });
  const seen: string[] = [];
  mailer.onSent = () => seen.push(new Date().toISOString());
  await jobs.advance('1 day');
  expect(seen).toEqual(['2026-10-25T00:30:00.000Z']);
  expect(new Date()).toEqual(jobs.now());
});
