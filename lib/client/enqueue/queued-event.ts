import type { NewJob, Pushed } from '../../storage/new-job.js';

/**
 * A job was queued by this process.
 * @publicApi
 */
export interface QueuedEvent {
  readonly kind: 'queued';
  readonly job: QueuedJob;
  /** It was queued with a transaction, which may still be rolled back: then there never was such a job. */
  readonly isJoined: boolean;
}

/**
 * Which job was queued.
 * @publicApi
 */
export interface QueuedJob {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
}

/** Who wants to know of queued jobs. An event is made only while `isHeard` says so. @publicApi */
export interface QueuedListener {
  isHeard(): boolean;
  /** Must not throw. */
  tell(event: QueuedEvent): void;
}

/** What was pushed, once whoever listens was told of it. */
export function told(
  listener: QueuedListener,
  jobs: readonly NewJob[],
  pushed: readonly Pushed[],
  isJoined: boolean,
): readonly Pushed[] {
  if (!listener.isHeard()) return pushed;
  for (const [index, { id, name, queue }] of jobs.entries()) {
    if (pushed[index]?.duplicate === false)
      listener.tell({ kind: 'queued', job: { id, name, queue }, isJoined });
  }
  return pushed;
}
