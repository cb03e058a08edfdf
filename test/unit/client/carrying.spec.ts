import { describe, expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import type { QueueHandleOptions } from '../../../lib/client/queue-handle-options.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { splitMeta } from '../../../lib/core/tick-mark.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';

class Mail {}
defineJob(Mail, { name: 'mail' });

const carrier = (capture: () => unknown, name = 'tenant') => ({
  name,
  capture,
  restore: (_: unknown, next: () => unknown) => next(),
});

async function setup(capture: () => unknown, options: QueueHandleOptions = {}) {
  const storage = new MemoryStorage();
  await storage.open();
  const jobs = new QueueHandle(storage, { carriers: [carrier(capture)], ...options });
  const carried = async (ids: readonly string[]) => {
    const records = await storage.info(ids);
    return records.map((record) => splitMeta(record?.meta).carried);
  };
  return { storage, jobs, carried };
}

describe('what carriers capture', () => {
  it('goes along with the job, beside its own meta', async () => {
    const { jobs, carried } = await setup(() => 'acme');
    const { id } = await jobs.queue(new Mail(), { meta: { from: 'here' } });
    expect(await carried([id])).toEqual(['{"tenant":"acme"}']);
    expect(await jobs.info(id)).toMatchObject({ meta: { from: 'here' } });
  });

  it('goes along with every job of a batch, a chain and a flow, and is asked for once', async () => {
    let asked = 0;
    const { jobs, carried } = await setup(() => `call ${++asked}`);
    const batch = await jobs.queueAll([new Mail(), new Mail()]);
    expect(await carried(batch.map(({ id }) => id))).toEqual(Array(2).fill('{"tenant":"call 1"}'));
    const chain = await jobs.chain([new Mail(), new Mail()]);
    expect(await carried(chain.ids)).toEqual(Array(2).fill('{"tenant":"call 2"}'));
    const flow = await jobs.flow({ a: { job: new Mail() }, b: { job: new Mail(), after: ['a'] } });
    expect(await carried(Object.values(flow.ids))).toEqual(Array(2).fill('{"tenant":"call 3"}'));
  });

  it('stays away from schedules, whose ticks have no caller', async () => {
    const { storage, jobs } = await setup(() => 'acme');
    await jobs.every('1h', new Mail(), { key: 'mail' });
    const [schedule] = await storage.schedules();
    expect(schedule?.template.meta).toBeUndefined();
  });

  it('leaves no trace where there is nothing', async () => {
    const { storage, jobs } = await setup(() => undefined);
    const { id } = await jobs.queue(new Mail());
    const [record] = await storage.info([id]);
    expect(record?.meta).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['is more than 8 KiB', 'x'.repeat(8 * 1024)],
    ['is no plain JSON', new Map()],
  ])('is refused when it %s, and nothing is stored', async (_, value) => {
    const { storage, jobs } = await setup(() => value);
    await expect(jobs.queue(new Mail())).rejects.toMatchObject({
      code: 'INVALID_CONTEXT',
      message: expect.stringMatching(/^(All that carriers captured has \d+ bytes|.*\$\.tenant)/) as string,
    });
    await expect(jobs.queueAll([new Mail()])).rejects.toMatchObject({ code: 'INVALID_CONTEXT' });
    expect(await storage.stats()).toEqual([]);
  });

  it('of a carrier that throws, is left out, and told of', async () => {
    const failed: unknown[] = [];
    const broken = new Error('no tenant');
    const { jobs, carried } = await setup(() => undefined, {
      carriers: [
        carrier(() => {
          throw broken;
        }),
        carrier(() => 'en', 'language'),
      ],
      onCarrierFailed: (...parts) => failed.push(parts),
    });
    const { id } = await jobs.queue(new Mail());
    expect(await carried([id])).toEqual(['{"language":"en"}']);
    expect(failed).toEqual([['tenant', broken]]);
  });
});
