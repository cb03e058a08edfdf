import { describe, it } from 'vitest';
import { runRuntimeCase } from '../../lib/testing/contract/runtime/run-runtime-case.js';
import { runtimeContract } from '../../lib/testing/contract/runtime/runtime-contract.js';
import { STORAGES } from '../support/storages.js';

for (const { name, create } of STORAGES) {
  describe(`a runner on the ${name} storage`, () => {
    for (const promise of runtimeContract) {
      it(promise.name, async ({ skip }) => {
        const reason = await runRuntimeCase(promise, await create());
        if (reason !== undefined) skip(reason);
      });
    }
  });
}
