import type { Lease, LeasedJob } from '../core/job.js';
import type { Settlement } from '../core/settlement.js';

/**
 * What a runner asks for. The same object may be passed again and again; storages may remember it.
 * @publicApi
 */
export interface PopRequest {
  /** The id of the runner that will hold the leases. */
  readonly runner: string;
  /** Milliseconds until a lease that gets no heartbeat runs out. */
  readonly lease: number;
  /** Jobs of other names stay for runners that know them. */
  readonly names: readonly string[];
  /** At most `limit` jobs of each queue; queues with limit 0 are not looked at. */
  readonly queues: readonly QueueDemand[];
}

/** How many jobs of one queue are wanted. @publicApi */
export interface QueueDemand {
  readonly queue: string;
  readonly limit: number;
}

/** Claimed jobs. @publicApi */
export interface Popped {
  /** In order of priority, due time and arrival, within each queue. */
  readonly jobs: readonly LeasedJob[];
  /**
   * Milliseconds until the earliest waiting job of the asked queues is due, 0 when more are due already than
   * were asked for. Absent: none is known. A hint: it may be too early, never too late.
   */
  readonly nextIn?: number;
}

/** How one run ended, and whose lease says so. @publicApi */
export interface Completion {
  readonly lease: Lease;
  readonly settlement: Settlement;
}

/**
 * What became of a completion. `recorded`: it stands, now or since this token's first call. `lost`: another
 * lease, or none, holds the job; nothing was changed. `gone`: there is no such job any more.
 * @publicApi
 */
export type Recorded = 'recorded' | 'lost' | 'gone';

/** What became of completions, and what was claimed along with them. @publicApi */
export interface Completed {
  /** In the order of the completions. */
  readonly results: readonly Recorded[];
  /** Set when `next` was asked for. */
  readonly popped?: Popped;
}

/** One process's worker runtime, as others see it. @publicApi */
export interface RunnerInfo {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since the epoch, by the runner's own clock. */
  readonly startedAt: number;
  /** Slots by queue. */
  readonly queues: Readonly<Record<string, number>>;
  readonly names: readonly string[];
}

/** One sign of life of a runner, for all its leases. @publicApi */
export interface Beat {
  readonly runner: RunnerInfo;
  /** Milliseconds that the runner and its leases live on from now. */
  readonly lease: number;
  readonly leases: readonly Lease[];
}

/** What a runner learns with a beat. @publicApi */
export interface BeatAnswer {
  /** Ids whose lease is no longer held: their runs must stop. */
  readonly lost: readonly string[];
  /** Jobs that somebody asked to end. Told again with each beat until their run ends. */
  readonly cancelled: readonly { readonly id: string; readonly reason: string }[];
}

/** A live runner: one whose last beat has not run out. @publicApi */
export interface LiveRunner extends RunnerInfo {
  readonly beatAt: number;
  readonly running: number;
}

/** A job whose lease ran out, or that nobody took in time, and what became of it. @publicApi */
export interface Rescued {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly stalls: number;
  readonly state: 'ready' | 'dead' | 'cancelled';
  /** Set when `dead`. */
  readonly reason?: 'stalled' | 'expired';
}

/** News of a job that is still running; ignored when the lease is lost. @publicApi */
export interface ProgressReport {
  readonly lease: Lease;
  /** Encoded value. */
  readonly progress: string;
}
