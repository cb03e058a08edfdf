import { expect, it } from 'vitest';
import { boot } from './testing/boot.js';

it('is made once a night, also when the clocks are changed', async () => {
  // In London the hour from 01:00 on comes twice on the 25th.
  const { jobs, mailer } = await boot({ now: '2026-10-24T12:00:00Z' });
  const autumn = await jobs.advance('2 days');
  expect(autumn.map(({ at }) => at.toISOString())).toEqual([
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
  expect(mailer.sent).toEqual([
    'Report of 2026-10-25: owner@example.com',
    'Report of 2026-10-26: owner@example.com',
  ]);
});

it('is made in the night in which its time is left out', async () => {
  const { jobs } = await boot({ now: '2026-03-28T12:00:00Z' });
  const spring = await jobs.advance('2 days');
  expect(spring.map(({ at }) => at.toISOString())).toEqual([
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
});
