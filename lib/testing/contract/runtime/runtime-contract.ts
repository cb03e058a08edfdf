import { failingCases } from './failing.cases.js';
import { outageCases } from './outage.cases.js';
import { runningCases } from './running.cases.js';
import type { RuntimeCase } from './runtime-case.js';
import { waitingCases } from './waiting.cases.js';

/**
 * What a whole runner on a storage promises, as cases. Run each with `runRuntimeCase`.
 * @publicApi
 */
export const runtimeContract: readonly RuntimeCase[] = [
  ...runningCases,
  ...failingCases,
  ...outageCases,
  ...waitingCases,
];
