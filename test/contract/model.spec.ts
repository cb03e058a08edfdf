import { describe, it } from 'vitest';
import { storageModelTest } from '../../lib/testing/contract/model-test.js';
import { STORAGES } from '../support/storages.js';

const RUNS: Readonly<Record<string, number>> = { memory: 100, postgres: 20 };
const OTHERS = 40;
/** A server on a busy machine takes its time for a thousand steps. */
const LIMIT = 120_000;

// Printed, so that whatever a run finds can be found again: MODEL_SEED=… npx vitest run test/contract/model.spec.ts
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);

describe(`seed ${seed}`, () => {
  for (const { name, create } of STORAGES) {
    it(
      `${name} does what the model does, whatever is done to it`,
      () => storageModelTest({ create, runs: RUNS[name] ?? OTHERS, seed }),
      LIMIT,
    );
  }
});
