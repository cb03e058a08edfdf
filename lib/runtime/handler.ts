import type { JobContext } from '../core/job-context.js';
import type { JobDefinition } from '../core/job-definition.js';

/**
 * Who runs the jobs of one class.
 * @publicApi
 */
export interface JobHandler {
  /** What `defineJob` returned. */
  readonly definition: JobDefinition<object, never>;
  /**
   * Gets the job as it was queued, its prototype intact. Returning, or a promise that resolves, completes it;
   * throwing, or a promise that rejects, is a failed attempt; a `Snooze` puts it off.
   */
  run(job: object, context: JobContext): unknown;
}
