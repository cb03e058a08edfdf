import { describe, expect, it, onTestFinished } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { jobOf } from '../../../lib/testing/contract/job-factories.js';
import { FaultyStorage } from '../../../lib/testing/faulty-storage.js';
import { InterceptedStorage } from '../../../lib/testing/intercepted-storage.js';

async function setup() {
  const memory = new MemoryStorage();
  const storage = new FaultyStorage(memory);
  await storage.open();
  onTestFinished(() => storage.close());
  const stored = async (id: string) => (await memory.info([id]))[0] !== undefined;
  return { storage, memory, stored };
}

describe('FaultyStorage', () => {
  it('works until it is told to break', async () => {
    const { storage, memory, stored } = await setup();
    const job = jobOf();
    expect(await storage.push([job])).toEqual([{ id: job.id, duplicate: false }]);
    expect(await stored(job.id)).toBe(true);
    expect([storage.name, storage.capabilities]).toEqual([memory.name, memory.capabilities]);
  });

  it('refused: nothing happens, and the caller is told', async () => {
    const { storage, stored } = await setup();
    const job = jobOf();
    storage.break('refused');
    await expect(storage.push([job])).rejects.toThrow(StorageUnavailableError);
    expect(await stored(job.id)).toBe(false);
  });

  it('unanswered: it happens, and the caller sees a failure', async () => {
    const { storage, stored } = await setup();
    const job = jobOf();
    storage.break('unanswered');
    await expect(storage.push([job])).rejects.toThrow(StorageUnavailableError);
    expect(await stored(job.id)).toBe(true);
  });

  it('hanging: no answer comes, until it is healed and the call is refused', async () => {
    const { storage, stored } = await setup();
    const job = jobOf();
    storage.break('hanging');
    let answer: unknown;
    const push = storage.push([job]).catch((error: unknown) => (answer = error));
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(answer).toBeUndefined();
    storage.heal();
    await push;
    expect(answer).toBeInstanceOf(StorageUnavailableError);
    expect(await stored(job.id)).toBe(false);
    await storage.push([job]);
  });

  it('delayed: it happens once all is well again', async () => {
    const { storage, stored } = await setup();
    const job = jobOf();
    storage.break('delayed');
    const push = storage.push([job]);
    expect([await stored(job.id), storage.waiting]).toEqual([false, 1]);
    storage.heal();
    expect(await push).toEqual([{ id: job.id, duplicate: false }]);
    expect([await stored(job.id), storage.waiting]).toEqual([true, 0]);
  });

  it('breaks only the calls named, and only so many times', async () => {
    const { storage } = await setup();
    storage.break('refused', ['push'], 2);
    await expect(storage.stats()).resolves.toEqual([]);
    await expect(storage.push([jobOf()])).rejects.toThrow(StorageUnavailableError);
    await expect(storage.push([jobOf()])).rejects.toThrow(StorageUnavailableError);
    await expect(storage.push([jobOf()])).resolves.toHaveLength(1);
  });

  it('passes on no news while all is broken', async () => {
    const { storage, memory } = await setup();
    let heard = 0;
    storage.subscribe(() => (heard += 1));
    storage.break('hanging');
    await memory.push([jobOf()]);
    expect(heard).toBe(0);
    storage.heal();
    await memory.push([jobOf()]);
    expect(heard).toBe(1);
  });

  it('passes every method of the port on', () => {
    const own = new Set(Object.keys(new FaultyStorage(new MemoryStorage())));
    const inherited = [FaultyStorage, InterceptedStorage].flatMap((each) =>
      Object.getOwnPropertyNames(each.prototype),
    );
    const missing = Object.getOwnPropertyNames(MemoryStorage.prototype).filter(
      (name) => !own.has(name) && !inherited.includes(name),
    );
    expect(missing).toEqual([]);
  });
});
