import { expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import type { NewJob } from '../../../lib/storage/new-job.js';

class Mail {}
defineJob(Mail, { name: 'mail' });

/** Takes what it is told to join for an answer, and keeps it. */
class JoiningStorage extends MemoryStorage {
  readonly joined: unknown[] = [];
  override readonly capabilities = { ...new MemoryStorage().capabilities, transactions: true };

  override push(jobs: readonly NewJob[], transaction?: unknown) {
    this.joined.push(transaction);
    return super.push(jobs);
  }
}

async function setup<S extends MemoryStorage>(storage: S, current: () => unknown) {
  await storage.open();
  return { storage, jobs: new QueueHandle(storage, { ambient: { current } }) };
}

it('what is queued joins the transaction around it, whichever way it is queued', async () => {
  const { storage, jobs } = await setup(new JoiningStorage(), () => 'around');
  await jobs.queue(new Mail());
  await jobs.schedule(new Mail(), '1m');
  await jobs.queueAll([new Mail()]);
  await jobs.chain([new Mail()]);
  expect(storage.joined).toEqual(Array.from({ length: 4 }, () => 'around'));
});

it('what is given wins over what is around, and false over both', async () => {
  const { storage, jobs } = await setup(new JoiningStorage(), () => 'around');
  const anywhere: QueueHandle = jobs;
  await anywhere.queue(new Mail(), { transaction: 'given' });
  await anywhere.queue(new Mail(), { transaction: false });
  expect(storage.joined).toEqual(['given', undefined]);
});

it('nothing is joined where no transaction is open', async () => {
  const { storage, jobs } = await setup(new JoiningStorage(), () => undefined);
  await jobs.queue(new Mail());
  expect(storage.joined).toEqual([undefined]);
});

it('what is waited for joins none: it could not run before the commit, and that would wait for it', async () => {
  const { storage, jobs } = await setup(new JoiningStorage(), () => 'around');
  await expect(jobs.queueAndWait(new Mail(), { wait: { timeout: 1 } })).rejects.toMatchObject({
    code: expect.any(String) as string,
  });
  expect(storage.joined).toEqual([undefined]);
});

it('a storage that joins none is not asked to', async () => {
  const { jobs } = await setup(new MemoryStorage(), () => 'around');
  await expect(jobs.queue(new Mail())).resolves.toMatchObject({ duplicate: false });
});
