import { expect, it } from 'vitest';
import { JobInspector } from '../../../lib/client/job-inspector.js';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';

class Mail {}
defineJob(Mail, { name: 'mail', queue: 'mail' });

async function setup() {
  const storage = new MemoryStorage();
  await storage.open();
  return { storage, jobs: new QueueHandle(storage), inspector: new JobInspector(storage) };
}

const CLAIM = { runner: 'r', lease: 60_000, names: ['mail'], queues: [{ queue: 'mail', limit: 10 }] };

it('a queue is bounded, shows its bounds, and explains them', async () => {
  const { storage, jobs, inspector } = await setup();
  await inspector.limitQueue('mail', { concurrency: 1, rate: '5/m', groups: { concurrency: 1 } });
  const [, second] = await jobs.queueAll([new Mail(), new Mail()]);
  expect((await storage.pop(CLAIM)).jobs).toHaveLength(1);
  const [mail] = await inspector.queues();
  expect(mail?.limits).toEqual({
    ...{ concurrency: 1, rate: { count: 5, per: 60_000 } },
    groups: { concurrency: 1 },
  });
  const { reasons } = await inspector.explain(second?.id ?? '');
  expect(reasons[0]).toMatchObject({ kind: 'limit-reached', concurrency: 1, running: 1 });
  await inspector.limitQueue('mail', {});
  expect((await storage.pop(CLAIM)).jobs).toHaveLength(1);
  expect((await inspector.queues())[0]).not.toHaveProperty('limits');
});

it('a group is paused by itself, is seen, and explains it', async () => {
  const { storage, jobs, inspector } = await setup();
  const { id } = await jobs.queue(new Mail(), { group: 'acme' });
  await jobs.queue(new Mail(), { group: 'other' });
  await inspector.pauseGroup('mail', 'acme', 'they asked');
  expect((await storage.pop(CLAIM)).jobs.map(({ group }) => group)).toEqual(['other']);
  expect(await inspector.group('mail', 'acme')).toMatchObject({
    ...{ waiting: 1, running: 0 },
    paused: { at: expect.any(Date) as Date, reason: 'they asked' },
  });
  const { reasons } = await inspector.explain(id);
  expect(reasons[0]).toMatchObject({ kind: 'group-paused', group: 'acme', because: 'they asked' });
  await inspector.resumeGroup('mail', 'acme');
  expect((await storage.pop(CLAIM)).jobs).toHaveLength(1);
  expect(await inspector.group('mail', 'nobody')).toBeUndefined();
});

it.each([
  { concurrency: 0 },
  { concurrency: 1.5 },
  { rate: '10/x' },
  { groups: { concurrency: -1 } },
  { lanes: 3 },
])('a queue is not bounded by %j', async (limits) => {
  const { inspector } = await setup();
  await expect(inspector.limitQueue('mail', limits as object)).rejects.toThrow(InvalidOptionError);
  expect(await inspector.queues()).toEqual([]);
});
