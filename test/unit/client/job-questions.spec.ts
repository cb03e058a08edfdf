import { describe, expect, it } from 'vitest';
import { JobInspector } from '../../../lib/client/job-inspector.js';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import type { JobQuery } from '../../../lib/storage/inspection.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

class Mail {
  constructor(readonly to: string) {}
}
defineJob(Mail, { name: 'mail' });

/** Counts the records that are read. */
class ReadStorage extends MemoryStorage {
  read = 0;

  override async list(query: JobQuery) {
    const page = await super.list(query);
    this.read += page.jobs.length;
    return page;
  }
}

async function setup(to: readonly string[]) {
  const clock = new FakeClock();
  const storage = new ReadStorage({ clock });
  await storage.open();
  const jobs = new QueueHandle(storage, { clock });
  await jobs.queueAll(to.map((each) => new Mail(each)));
  return { clock, storage, jobs, inspector: new JobInspector(storage) };
}

const tos = (page: { readonly jobs: readonly { readonly payload: unknown }[] }) =>
  page.jobs.map(({ payload }) => (payload as Mail).to);

describe('filters that ask each record', () => {
  it('page by page, with the place behind the last job, however many lie between', async () => {
    const { inspector } = await setup(
      Array.from({ length: 3_000 }, (_, nth) => (nth % 100 === 0 ? `ada ${nth}` : `other ${nth}`)),
    );
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await inspector.list({ text: 'ada' }, { limit: 7, ...(cursor && { cursor }) });
      expect(page.jobs.length).toBeLessThanOrEqual(7);
      found.push(...tos(page));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(found).toEqual(Array.from({ length: 30 }, (_, nth) => `ada ${2_900 - nth * 100}`));
  });

  it('look at ten thousand records per page, and a count at ten times as many', async () => {
    const { storage, jobs, inspector } = await setup(['ada']);
    for (let batch = 0; batch < 105; batch++) {
      await jobs.queueAll(Array.from({ length: 1_000 }, () => new Mail('other')));
    }
    const { jobs: none, cursor } = await inspector.list({ text: 'ada' });
    expect(none).toEqual([]);
    expect(cursor).toBeDefined();
    expect(storage.read).toBe(10_000);
    expect(await inspector.count({ text: 'ada' })).toEqual({ count: 0, isExact: false });
    expect(storage.read).toBe(110_000);
    const all: string[] = [];
    for await (const job of inspector.each({ text: 'ada' })) all.push((job.payload as Mail).to);
    expect(all).toEqual(['ada']);
  });

  it('find text as it was meant, not as it is stored', async () => {
    const { inspector } = await setup(['say "hi"', 'line\nbreak', 'Grüße', 'back\\slash']);
    for (const text of ['say "hi"', 'line\nbreak', 'Grüße', 'back\\slash']) {
      expect(tos(await inspector.list({ text }))).toEqual([text]);
    }
    expect(tos(await inspector.list({ text: 'grüße' }))).toEqual([]);
    expect((await inspector.list({ text: '"to":' })).jobs).toHaveLength(0);
    expect((await inspector.list({ text: 'to' })).jobs).toHaveLength(4);
  });

  it('find what was enqueued within a time, and read no further back', async () => {
    const { clock, storage, jobs, inspector } = await setup(Array.from({ length: 5_000 }, () => 'old'));
    await clock.advance(3_600_000);
    const from = new Date(clock.now());
    await jobs.queueAll([new Mail('first'), new Mail('second')]);
    await clock.advance(1_000);
    const until = new Date(clock.now());
    await jobs.queue(new Mail('third'));
    storage.read = 0;
    const within = { enqueuedAfter: from, enqueuedBefore: until };
    expect(tos(await inspector.list(within))).toEqual(['second', 'first']);
    expect(await inspector.count(within)).toEqual({ count: 2, isExact: true });
    expect(storage.read).toBeLessThanOrEqual(1_000);
    expect((await inspector.list({ enqueuedBefore: from })).jobs).toHaveLength(50);
  });

  it('serve what is done to all that match, with a look before', async () => {
    const { inspector } = await setup(
      Array.from({ length: 1_200 }, (_, nth) => (nth % 3 === 0 ? 'ada' : 'other')),
    );
    const filter = { text: 'ada' };
    const dryRun = await inspector.cancel(filter, { dryRun: true, sampleSize: 2 });
    expect(dryRun).toMatchObject({ count: 400, isExact: true });
    const { cursor, ...first } = await inspector.cancel(filter, { limit: 150, batchSize: 40 });
    expect(first).toEqual({ done: 150, requested: 0, refused: 0, unknown: 0, end: 'limit' });
    const rest = await inspector.cancel(filter, { ...(cursor && { cursor }) });
    expect(rest).toMatchObject({ done: 250, end: 'all' });
    expect(await inspector.count({ state: 'ready' })).toEqual({ count: 800, isExact: true });
  });

  it.each<[message: string, filter: object]>([
    ['fingerprint "x" is none', { fingerprint: 'x' }],
    ['enqueuedAfter must be a valid Date', { enqueuedAfter: '2030-01-01' }],
    ['enqueuedBefore must be a valid Date', { enqueuedBefore: new Date(NaN) }],
    ['text must be a text that is not empty', { text: '' }],
  ])('refuse: %s', async (message, filter) => {
    const { inspector } = await setup([]);
    const listed = inspector.list(filter);
    await expect(listed).rejects.toThrow(message);
    await expect(listed).rejects.toBeInstanceOf(InvalidOptionError);
    await expect(inspector.cancel({ text: undefined } as object)).rejects.toThrow('text is undefined');
  });
});
