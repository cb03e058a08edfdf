import pg from 'pg';
import { expect, it, vi } from 'vitest';
import { completionOf, jobOf, jobsOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

// Others wait while a claim holds the queue: each answer that it waits for counts. One more is for the ends, and the queues without limits.
it.each([
  { of: 'limits', limits: { concurrency: 100 }, answers: 4 },
  { of: 'groups', limits: { groups: { concurrency: 1 } }, answers: 5 },
  { of: 'rates', limits: { rate: { count: 1000, per: 60_000 } }, answers: 5 },
])('ends and the next claim of a queue that has $of wait for $answers answers', async (bounds) => {
  const storage = schemas.storage();
  await storage.open();
  await storage.limit('default', bounds.limits);
  const groups = Array.from({ length: 50 }, (_, index) => jobOf({ group: `group ${index}` }));
  await storage.push(bounds.of === 'groups' ? groups : jobsOf(50));
  const request = requestOf({ limit: 10, lease: 60_000 });
  let { jobs } = await storage.pop(request);
  const query = vi.spyOn(pg.Client.prototype, 'query');
  try {
    for (let round = 0; round < 3; round += 1) {
      query.mockClear();
      const ends = jobs.map((job) => completionOf(job));
      jobs = (await storage.complete(ends, request)).popped?.jobs ?? [];
      expect(jobs).toHaveLength(10);
      // The news of the room that the ends made are told on a connection of their own.
      const texts = query.mock.calls.map(([asked]) => textOf(asked));
      expect(texts.filter((text) => !text.includes('pg_notify'))).toHaveLength(bounds.answers);
    }
  } finally {
    query.mockRestore();
  }
});

function textOf(asked: unknown): string {
  return typeof asked === 'string' ? asked : (asked as { readonly text: string }).text;
}
