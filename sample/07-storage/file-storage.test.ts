import { it } from 'node:test';
import { runContractCase, storageContract } from 'nestjs-background-jobs/testing';
import { subject } from './subject.js';

for (const promise of storageContract) {
  void it(promise.name, async (test) => {
    const reason = await runContractCase(promise, await subject());
    if (reason !== undefined) test.skip(reason);
  });
}
