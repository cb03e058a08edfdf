import {
  runContractCase,
  runRuntimeCase,
  runtimeContract,
  storageContract,
  storageModelTest,
} from 'nestjs-background-jobs/testing';
import { describe, it } from 'vitest';
import { subject } from './subject.js';

describe('the storage alone', () => {
  for (const promise of storageContract) {
    it(promise.name, async ({ skip }) => {
      const reason = await runContractCase(promise, await subject());
      if (reason !== undefined) skip(reason);
    });
  }
});

describe('a runner on it', () => {
  for (const promise of runtimeContract) {
    it(promise.name, async ({ skip }) => {
      const reason = await runRuntimeCase(promise, await subject());
      if (reason !== undefined) skip(reason);
    });
  }
});

it('does what the model does, whatever is done to it', () => storageModelTest({ create: subject, runs: 50 }));
