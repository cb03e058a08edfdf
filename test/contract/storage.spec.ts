import { describe, it } from 'vitest';
import { storageContract } from '../../lib/testing/contract/contract.js';
import { runContractCase } from '../../lib/testing/contract/run-contract-case.js';
import { STORAGES } from '../support/storages.js';

for (const { name, create } of STORAGES) {
  describe(`${name} storage`, () => {
    for (const promise of storageContract) {
      it(promise.name, async ({ skip }) => {
        const reason = await runContractCase(promise, await create());
        if (reason !== undefined) skip(reason);
      });
    }
  });
}
