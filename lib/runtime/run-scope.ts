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
export type RunCall = (run: CalledRun, job: object, context: JobContext) => unknown;

/** Whose code is called. */
export interface CalledRun {
  readonly handler: JobHandler;
  readonly job: LeasedJob;
  readonly reference: JobReference;
}

/** How the code of runs is called: within what carriers restore, and so that it can be found where it shall be. */
export function callOfRuns({ tracksRuns, carriers }: RunnerSettings, events: Events): RunCall {
  const restore = restoreThrough(carriers);
  const restored: RunCall = restore
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
    return restored;
  }
  trackRuns(() => running.getStore());
  return (run, job, context) => running.run(context, restored, run, job, context);
}

/** What happens in a scope. */
export interface ScopedRun {
  /** Called within. */
  code(): unknown;
  /** Called outside again with what `code` returned, or what the promise resolved to that it returned. */
  returned(value: unknown): void;
  /** Likewise with what it threw, or rejected with. */
  threw(error: unknown): void;
}

/**
 * Begins a run as soon as the caller's turn is over, in an async context of its own that knows of nobody. Else a job would
 * see the request, the transaction or the span of whoever queued it, since a storage in the same process wakes the runner
 * within the call; or what the job before it, or a listener, left behind.
 */
export function beginApart(run: ScopedRun): void {
  (fresh.pop() ?? inProgram(makeScopes)).begin(run);
}

/** Calls in the async context in which this module was loaded: that of the program, not of a request. */
export function inProgram<Result>(call: () => Result): Result {
  return program.runInAsyncScope(call);
}

/** Calls in an async context that nobody shares, so that nothing stays in it either: `enterWith` changes the one it is in. */
export function apart<Result>(call: () => Result): Result {
  return inProgram(() => new AsyncResource('BackgroundJobs')).runInAsyncScope(call);
}

/**
 * The async context of one run. What is called when a promise settles is called in a context of its own: that in which it was
 * asked for, whatever became of that since. So all is asked for beforehand, and opened by a promise that nobody else has.
 */
class RunScope {
  #run: ScopedRun | undefined;
  #open: (() => void) | undefined;

  constructor() {
    new Promise<void>((resolve) => {
      this.#open = resolve;
    })
      .then(() => this.#run?.code())
      .then(
        (value) => this.#run?.returned(value),
        (error: unknown) => this.#run?.threw(error),
      );
  }

  begin(run: ScopedRun): void {
    this.#run = run;
    this.#open?.();
  }
}

const program = new AsyncResource('BackgroundJobs');
const running = new AsyncLocalStorage<JobContext>();
/** Scopes that nobody was in yet. Made several at once, since they have to be made within that of the program. */
const fresh: RunScope[] = [];
const AT_ONCE = 32;

function makeScopes(): RunScope {
  for (let made = 1; made < AT_ONCE; made++) fresh.push(new RunScope());
  return new RunScope();
}
