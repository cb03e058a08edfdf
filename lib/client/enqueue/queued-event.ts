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
