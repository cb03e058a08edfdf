import { describe, it } from 'vitest';
import { storageModelTest } from '../../lib/testing/contract/model/model-test.js';
import { STORAGES } from '../support/storages.js';

const RUNS: Readonly<Record<string, number>> = { memory: 100, postgres: 20 };
const OTHERS = 40;
/** For a long look: MODEL_RUNS=5000 MODEL_SEED=… STORAGES=… */
const asked = process.env['MODEL_RUNS'];
/** A server on a busy machine takes its time for a thousand steps. */
const LIMIT = asked === undefined ? 120_000 : 3_600_000;

// Printed, so that whatever a run finds can be found again: MODEL_SEED=… npx vitest run test/contract/model.spec.ts
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);

describe(`seed ${seed}`, () => {
  for (const { name, create } of STORAGES) {
    it(
      `${name} does what the model does, whatever is done to it`,
      () => storageModelTest({ create, runs: Number(asked ?? RUNS[name] ?? OTHERS), seed }),
      LIMIT,
    );
  }
});
