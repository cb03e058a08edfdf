import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { missRuns, trackRuns } from '../core/current-run.js';
import type { JobContext } from '../core/job-context.js';
import type { JobHandler } from './handler.js';

/** Calls the code of a handler. */
export type RunScope = (handler: JobHandler, job: object, context: JobContext) => unknown;

/**
 * How runs begin: each in an async context of its own that knows of nobody. Else a job would see the request, the
 * transaction or the span of whoever queued it, since a storage in the same process wakes the runner within the call; or what
 * the job before it left behind.
 *
 * @param isTracked whether `JobContext.current()` is to find them
 */
export function scopeOfRuns(isTracked: boolean): RunScope {
  if (!isTracked) {
    missRuns();
    return runApart;
  }
  trackRuns(() => running.getStore());
  return runTracked;
}

/** Calls in the async context in which this module was loaded: that of the program, not of a request. */
export function inProgram<Result>(call: () => Result): Result {
  return program.runInAsyncScope(call);
}

/** Calls in an async context that nobody shares, so that nothing stays in it either: `enterWith` changes the one it is in. */
export function apart<Result>(call: () => Result): Result {
  return program.runInAsyncScope(newScope).runInAsyncScope(call);
}

const program = new AsyncResource('BackgroundJobs');
const running = new AsyncLocalStorage<JobContext>();
const newScope = () => new AsyncResource('BackgroundJob');

function runApart(handler: JobHandler, job: object, context: JobContext): unknown {
  return apart(() => handler.run(job, context));
}

function runTracked(handler: JobHandler, job: object, context: JobContext): unknown {
  return apart(() => running.run(context, () => handler.run(job, context)));
}
