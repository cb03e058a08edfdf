// For tests: of applications, and of storages that others write.
export { JobsTesting, type JobsTestingOptions } from './kit/jobs-testing.js';
export { InstanceTesting } from './kit/instance-testing.js';
export type { ModuleBuilder } from './kit/module-builder.js';
export type { JobRun } from './kit/job-run.js';
export type { QueuedJob, QueuedMatch } from './kit/queued-job.js';
export { jobMatchers, type JobMatchers } from './kit/job-matchers.js';

export { FakeClock } from './fake-clock.js';
export { FaultyStorage, type Fault, type FaultyCall } from './faulty-storage.js';

export { storageContract } from './contract/contract.js';
export type { ContractCase } from './contract/contract-case.js';
export type { ContractContext } from './contract/contract-context.js';
export { runContractCase } from './contract/run-contract-case.js';
export type { OpenTransaction, StorageUnderTest } from './contract/storage-under-test.js';

export { runtimeContract } from './contract/runtime/runtime-contract.js';
export type { RuntimeCase } from './contract/runtime/runtime-case.js';
export type {
  RunnerUnderTest,
  RuntimeContext,
  Work,
  WorkUnderTest,
} from './contract/runtime/runtime-context.js';
export { runRuntimeCase } from './contract/runtime/run-runtime-case.js';

export { storageModelTest, type ModelTestOptions } from './contract/model/model-test.js';
