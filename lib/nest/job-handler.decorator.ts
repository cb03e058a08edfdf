import type { JobContext } from '../core/job-context.js';
import type { JobClass } from '../core/job-definition.js';

/**
 * Runs the jobs of one class. Implemented by classes with `@JobHandler`.
 * @publicApi
 */
export interface JobRunner<J extends object> {
  /** Ends as `run` of a job class does: returning completes the job, throwing is a failed attempt. */
  run(job: J, context: JobContext): unknown;
}

/**
 * Makes a provider the one that runs the jobs of a class, for teams that keep the logic apart from the message. It
 * is an ordinary provider with constructor injection; `@Injectable({ scope })` may make it request-scoped
 * (`REQUEST` is then the job) or transient, and it is then made anew for each run.
 *
 * At boot, a class that is no job fails with `InvalidJobError`, a second handler with `DuplicateJobError`.
 * @publicApi
 */
export function JobHandler<J extends object>(jobClass: JobClass<J>): (handlerClass: HandlerClass<J>) => void {
  return (handlerClass) => void handled.set(handlerClass, jobClass);
}

/** The job class that exactly this class handles: a subclass does not handle what its parent does. */
export function handledBy(handlerClass: object): JobClass | undefined {
  return handled.get(handlerClass);
}

const handled = new WeakMap<object, JobClass>();

// A property rather than a method, since the parameters of methods are compared both ways.
type HandlerClass<J extends object> = abstract new (...values: never[]) => {
  readonly run: (job: J, context: JobContext) => unknown;
};
