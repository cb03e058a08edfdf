import type { Capabilities } from '../../../storage/capabilities.js';
import { ContractContext } from '../contract-context.js';
import { askLastQuestions } from './model-last-questions.js';
import { StorageModel } from './model.js';
import type { StorageUnderTest } from '../storage-under-test.js';

/**
 * How a storage is compared with the model.
 * @publicApi
 */
export interface ModelTestOptions {
  /** Data of its own for each call. Its time must be movable and stand still in between. */
  create(): Promise<StorageUnderTest>;
  /** Sequences of steps to try. @default 100 */
  readonly runs?: number;
  /** Steps of one sequence at most. @default 60 */
  readonly longest?: number;
  /** To see a failure again: the seed that it told. */
  readonly seed?: number;
}

/**
 * Does the same random steps to a storage and to a plain model of what storages promise, and compares every answer
 * and, after each step, all that can be seen. Rejects with the shortest sequence found that tells them apart, and
 * the seed. Needs the package `fast-check`.
 * @publicApi
 */
export async function storageModelTest(options: ModelTestOptions): Promise<void> {
  const { runs = 100, longest = 60, seed } = options;
  const { default: fc } = await import('fast-check');
  const { commands } = await import('./model-commands.js');
  const capabilities = await capabilitiesOf(options);
  const property = fc.asyncProperty(commands(longest, capabilities), async (sequence) => {
    const subject = await options.create();
    try {
      const context = await ContractContext.open(subject);
      try {
        const model = new StorageModel(await context.storage.now());
        await fc.asyncModelRun(() => ({ model, real: context }), sequence);
        await askLastQuestions(model, context);
      } finally {
        await context.close();
      }
    } finally {
      await subject.dispose();
    }
  });
  await fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
}

/** Only what the storage can do is done to it. */
async function capabilitiesOf({ create }: ModelTestOptions): Promise<Capabilities> {
  const subject = await create();
  try {
    return subject.create().capabilities;
  } finally {
    await subject.dispose();
  }
}
