import type { JobClass } from '../../core/job-definition.js';
import { InstanceTesting } from './instance-testing.js';
import { failAssertion, type QueuedMatch } from './queued-job.js';

type Match<J extends object> = QueuedMatch<J> & { readonly times?: number };

interface Verdict {
  readonly pass: boolean;
  message(): string;
}

/**
 * For `expect.extend(jobMatchers)` of Vitest or Jest: `await expect(jobs).toHaveQueued(WelcomeEmail, { queue: 'mail' })`.
 * @publicApi
 */
export const jobMatchers = {
  async toHaveQueued<J extends object>(
    jobs: unknown,
    jobClass: JobClass<J>,
    match: Match<J> = {},
  ): Promise<Verdict> {
    if (!(jobs instanceof InstanceTesting)) {
      failAssertion('toHaveQueued(): expect() must be given what JobsTesting.install() returned');
    }
    const problem = await jobs.explainQueued(jobClass, match);
    return {
      pass: problem === undefined,
      message: () => problem ?? `Expected no job like that of ${jobClass.name} to be queued, but one was.`,
    };
  },
};

/**
 * The same for the compiler: `declare module 'vitest' { interface Matchers<T = any> extends JobMatchers<T> {} }`, or
 * `namespace jest { interface Matchers<R> extends JobMatchers<R> {} }`.
 * @publicApi
 */
export interface JobMatchers<_T = unknown> {
  toHaveQueued<J extends object>(jobClass: JobClass<J>, match?: Match<J>): Promise<void>;
}
