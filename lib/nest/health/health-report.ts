import type { WorkerStage } from '../lifecycle/worker-state.js';

/**
 * What Terminus takes from a health indicator: by the key, whether all is well, and the details.
 * @publicApi
 */
export type HealthReport<Key extends string, Details> = Record<
  Key,
  {
    readonly status: 'up' | 'down';
    /** What is wrong; absent when all is well. */
    readonly message?: string;
  } & Details
>;

/** What liveness tells. @publicApi */
export type LivenessDetails = Readonly<{
  stage: WorkerStage;
  /** Milliseconds that a timer came late, just now. */
  loopDelay: number;
}>;

/** What readiness tells. @publicApi */
export type ReadinessDetails = Readonly<{
  stage: WorkerStage;
  /** Milliseconds until the storage answered; absent when it did not. */
  storageLatency?: number;
}>;

/** What is told of the whole. @publicApi */
export type HealthDetails = LivenessDetails &
  ReadinessDetails &
  Readonly<{
    /** Milliseconds that the job that is ready longest has been waiting, of the queues that were asked for; absent when none is. */
    oldestReadyAge?: number;
    /** Live runners of all processes; absent when the storage did not answer. */
    runners?: number;
  }>;
