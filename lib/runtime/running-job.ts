import type { AbortKind, JobReference } from './runner-event.js';

/**
 * A run of this moment.
 * @publicApi
 */
export interface RunningJob extends JobReference {
  /** Milliseconds since it began. */
  readonly runningFor: number;
  /** Set once its signal aborted. */
  readonly abortedBy?: AbortKind;
  /** Its job is settled or lost, but its code goes on and holds its slot. */
  readonly isStray: boolean;
}
