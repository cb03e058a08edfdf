import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import type { JobContext } from '../../core/job-context.js';
import { JobRefusedError } from '../../core/run-errors.js';
import type { Enhancers } from './enhancer-list.js';
import { intercept } from './interception.js';
import { filtered } from './exception-filters.js';
import { JobExecutionContext, type RunBy } from './job-execution-context.js';
import { piped } from './payload-pipes.js';

/**
 * Runs a job within its enhancers: guards, then interceptors, then pipes, then the run. It ends as Nest's chain does,
 * but for filters: what they return is dropped, so that a failure stays one.
 */
export async function runEnhanced(
  enhancers: Enhancers,
  runBy: RunBy,
  job: object,
  context: JobContext,
  run: (job: object) => unknown,
): Promise<unknown> {
  const { guards, interceptors, pipes, filters } = enhancers;
  const host = new JobExecutionContext(runBy, job, context);
  try {
    for (const guard of guards) {
      if (await answerOf(guard.canActivate(host))) continue;
      throw new JobRefusedError(`${guard.constructor.name} does not let job '${context.name}' run`);
    }
    return await intercept(interceptors, host, async () => run(await piped(pipes, job)));
  } catch (error) {
    throw await filtered(filters, error, host);
  }
}

async function answerOf(answer: boolean | Promise<boolean> | Observable<boolean>): Promise<boolean> {
  return isObservable(answer) ? lastValueFrom(answer) : answer;
}
