import { expect, it } from 'vitest';
import type { Signal } from '../../../lib/storage/signal.js';
import { jobOf, requestOf } from '../../../lib/testing/contract/job-factories.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();

it.each(['commit', 'rollback'])(
  'jobs of a joined transaction are told of once it is committed, and never before or when it is rolled back: %s',
  async (end) => {
    const storage = schemas.storage();
    const heard: Signal[] = [];
    await storage.open();
    storage.subscribe((signal) => heard.push(signal));
    await expect.poll(() => heard).toContainEqual({ kind: 'ready' });
    const client = await schemas.pool().connect();
    for (let round = 0; round < 3; round += 1) {
      const [queue, other, later] = [`joined ${round}`, `other ${round}`, `later ${round}`];
      const job = jobOf({ queue });
      await client.query('begin');
      await storage.push([job], client);
      // Others push meanwhile, and wait for nothing.
      await storage.push([jobOf({ queue: other })]);
      await expect.poll(() => heard).toContainEqual({ kind: 'ready', queues: [other] });
      expect(heard).not.toContainEqual({ kind: 'ready', queues: [queue] });
      const request = requestOf({ queues: [{ queue, limit: 9 }] });
      expect((await storage.pop(request)).jobs).toEqual([]);
      await client.query(end);
      const last = end === 'commit' ? queue : later;
      await storage.push([jobOf({ queue: later })]);
      await expect.poll(() => heard).toContainEqual({ kind: 'ready', queues: [last] });
      const { jobs } = await storage.pop(request);
      expect(jobs.map(({ id }) => id)).toEqual(end === 'commit' ? [job.id] : []);
    }
    const told = heard.some((signal) => signal.kind === 'ready' && signal.queues?.includes('joined 0'));
    expect(told).toBe(end === 'commit');
    client.release();
  },
);

it('what is no client of a transaction is refused, and nothing is stored', async () => {
  const storage = schemas.storage();
  await storage.open();
  const job = jobOf();
  for (const odd of [{}, 'begin', schemas.pool()]) {
    await expect(storage.push([job], odd as never)).rejects.toMatchObject({ code: 'INVALID_TRANSACTION' });
  }
  expect(await storage.info([job.id])).toEqual([undefined]);
});
