import type { JobContext } from '../core/job-context.js';
import type { JobDeath } from '../core/job-death.js';
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
  /**
   * Called in the place of `run`, within what carriers restore, where a run fails before its code: the payload is invalid, or its
   * schema broke. It changes nothing: what it throws is dropped.
   */
  notRun?(error: unknown, context: JobContext): void;
  /**
   * Called after a job of the class has died in a run of this process, or was found dead by it (stalled, expired). Best effort:
   * once, and never when the process ends in between. What it throws is told as an event, and changes nothing.
   * Of a job whose payload is invalid it gets the fields as they are stored, unchecked, or none.
   */
  dead?(job: object, death: JobDeath): unknown;
}
