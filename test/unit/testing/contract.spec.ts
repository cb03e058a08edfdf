import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../lib/core/job.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import type { ContractCase } from '../../../lib/testing/contract/contract-case.js';
import { storageContract } from '../../../lib/testing/contract/contract.js';
import { runContractCase } from '../../../lib/testing/contract/run-contract-case.js';
import { runtimeContract } from '../../../lib/testing/contract/runtime/runtime-contract.js';
import type { StorageUnderTest } from '../../../lib/testing/contract/storage-under-test.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

class Subject implements StorageUnderTest {
  readonly clock = new FakeClock();
  readonly #make: (clock: FakeClock) => MemoryStorage;
  disposed = 0;

  constructor(make: (clock: FakeClock) => MemoryStorage = (clock) => new MemoryStorage({ clock })) {
    this.#make = make;
  }

  create = () => this.#make(this.clock);
  advance = (milliseconds: number) => this.clock.advance(milliseconds);
  dispose = async () => void (this.disposed += 1);
}

/** Forgets to ask for the end of what it gives back. */
class Careless extends MemoryStorage {
  override async release(leases: readonly Lease[]) {
    return leases.map(() => 'recorded' as const);
  }
}

describe('the contract as data', () => {
  it('has a sentence of its own for every case', () => {
    const names = [...storageContract, ...runtimeContract].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]+: .{20,}$/.test(name))).toEqual([]);
  });

  it('fails for a storage that breaks a promise, naming what was promised', async () => {
    const broken = [];
    for (const promise of storageContract.filter(({ name }) => name.startsWith('release:'))) {
      const subject = new Subject((clock) => new Careless({ clock }));
      await runContractCase(promise, subject).catch(() => broken.push(promise.name));
      expect(subject.disposed).toBe(1);
    }
    expect(broken.length).toBeGreaterThan(2);
  });

  it('says why a case is of no concern, and cleans up all the same', async () => {
    const run = () => Promise.reject(new Error('this must not run'));
    const subject = new Subject();
    const durable: ContractCase = { name: 'x', needs: 'durable', run };
    expect(await runContractCase(durable, subject)).toBe('memory declares that it has no durable');
    const lacking: ContractCase = { name: 'x', lacks: 'signals', run };
    expect(await runContractCase(lacking, subject)).toBe('memory declares that it has signals');
    const hours: ContractCase = { name: 'x', hours: true, run };
    const realTime = Object.assign(new Subject(), { realTime: true });
    expect(await runContractCase(hours, realTime)).toBe('the time of memory cannot be moved by hours');
    expect(subject.disposed).toBe(2);
  });

  it('closes everything that a case opened, also when the case fails', async () => {
    const made: MemoryStorage[] = [];
    const subject = new Subject((clock) => {
      const storage = new MemoryStorage({ clock });
      made.push(storage);
      return storage;
    });
    const failing: ContractCase = {
      name: 'x',
      async run(context) {
        await context.unopened().open();
        throw new Error('as planned');
      },
    };
    await expect(runContractCase(failing, subject)).rejects.toThrow('as planned');
    expect(made).toHaveLength(2);
    for (const storage of made) await expect(storage.stats()).rejects.toThrow('not open');
  });
});
