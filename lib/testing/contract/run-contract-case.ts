import type { Storage } from '../../storage/storage.js';
import type { ContractCase } from './contract-case.js';
import { ContractContext } from './contract-context.js';
import type { StorageUnderTest } from './storage-under-test.js';

/**
 * Runs one case on fresh data and cleans up. Resolves to the reason why the case is of no concern to this
 * storage, `undefined` when it ran and holds; rejects when the storage breaks the promise.
 * @publicApi
 */
export async function runContractCase(
  contractCase: ContractCase,
  subject: StorageUnderTest,
): Promise<string | undefined> {
  try {
    const context = await ContractContext.open(subject);
    try {
      const reason = reasonToSkip(contractCase, context.storage, subject);
      if (reason !== undefined) return reason;
      await contractCase.run(context);
      return context.reason;
    } finally {
      await context.close();
    }
  } finally {
    await subject.dispose();
  }
}

function reasonToSkip(
  { needs, lacks, hours }: ContractCase,
  storage: Storage,
  subject: StorageUnderTest,
): string | undefined {
  const needed = typeof needs === 'string' ? [needs] : (needs ?? []);
  const missing = needed.find((capability) => !storage.capabilities[capability]);
  if (missing !== undefined) return `${storage.name} declares that it has no ${missing}`;
  if (lacks && storage.capabilities[lacks]) return `${storage.name} declares that it has ${lacks}`;
  return hours && subject.realTime ? `the time of ${storage.name} cannot be moved by hours` : undefined;
}
