import type { RuntimeCase } from './runtime-case.js';
import { RuntimeContext } from './runtime-context.js';
import type { StorageUnderTest } from '../storage-under-test.js';

/**
 * Runs one case of `runtimeContract` on fresh data and cleans up, like `runContractCase`.
 * @publicApi
 */
export async function runRuntimeCase(
  runtimeCase: RuntimeCase,
  subject: StorageUnderTest,
): Promise<string | undefined> {
  try {
    const { needs } = runtimeCase;
    const context = await RuntimeContext.open(subject);
    try {
      const { name, capabilities } = context.storage;
      if (needs && !capabilities[needs]) return `${name} declares that it has no ${needs}`;
      await runtimeCase.run(context);
      return undefined;
    } finally {
      await context.close();
    }
  } finally {
    await subject.dispose();
  }
}
