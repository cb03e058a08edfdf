import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { missRuns, trackRuns } from '../core/current-run.js';
import type { JobContext } from '../core/job-context.js';
import type { LeasedJob } from '../core/job.js';
import type { Events } from './events.js';
import type { JobHandler } from './handler.js';
import { restoreThrough } from './restoring.js';
import type { JobReference } from './runner-event.js';
import type { RunnerSettings } from './runner-options.js';

/** Calls the code of a handler. */
export type RunScope = (run: ScopedRun, job: object, context: JobContext) => unknown;

/** Whose code is called. */
export interface ScopedRun {
  readonly handler: JobHandler;
  readonly job: LeasedJob;
  readonly reference: JobReference;
}

/**
 * How runs begin: each in an async context of its own that knows of nobody, but for what carriers restore. Else a job
 * would see the request, the transaction or the span of whoever queued it, since a storage in the same process wakes the
 * runner within the call; or what the job before it left behind.
 */
export function scopeOfRuns({ tracksRuns, carriers }: RunnerSettings, events: Events): RunScope {
  const restore = restoreThrough(carriers);
  const restored: RunScope = restore
    ? (run, job, context) =>
        restore(
          run.job.meta,
          () => run.handler.run(job, context),
          (carrier, error) => {
            if (!events.hears('carrier-failed')) return;
            events.emit({ kind: 'carrier-failed', job: run.reference, carrier, error });
          },
        )
    : ({ handler }, job, context) => handler.run(job, context);
  if (!tracksRuns) {
    missRuns();
    return (run, job, context) => newScope().runInAsyncScope(restored, undefined, run, job, context);
  }
  trackRuns(() => running.getStore());
  const tracked: RunScope = (run, job, context) => running.run(context, restored, run, job, context);
  return (run, job, context) => newScope().runInAsyncScope(tracked, undefined, run, job, context);
}

/** Calls in the async context in which this module was loaded: that of the program, not of a request. */
export function inProgram<Result>(call: () => Result): Result {
  return program.runInAsyncScope(call);
}

/** Calls in an async context that nobody shares, so that nothing stays in it either: `enterWith` changes the one it is in. */
export function apart<Result>(call: () => Result): Result {
  return newScope().runInAsyncScope(call);
}

const program = new AsyncResource('BackgroundJobs');
const running = new AsyncLocalStorage<JobContext>();
/** Scopes that nobody was in yet. Made several at once, since they have to be made within that of the program. */
const fresh: AsyncResource[] = [];
const AT_ONCE = 32;

function newScope(): AsyncResource {
  return fresh.pop() ?? program.runInAsyncScope(makeScopes);
}

function makeScopes(): AsyncResource {
  for (let made = 1; made < AT_ONCE; made++) fresh.push(new AsyncResource('BackgroundJob'));
  return new AsyncResource('BackgroundJob');
}
