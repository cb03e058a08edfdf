import type { SettledDependency } from '../../core/dependency.js';
import {
  FAILURES_KEPT,
  type DeadReason,
  type Failure,
  type JobState,
  type RecordedFailure,
} from '../../core/job.js';
import type { Due, NewJob, Order, UniqueClaim } from '../../storage/new-job.js';
import { flatText } from './flat-text.js';
import type { Placed } from './indexed-heap.js';
import type { JobQueue } from './job-queue.js';

/**
 * One job as it is held. A hundred thousand of these must fit: what few jobs have stands in `extras`, and all
 * fields are there from the start, so that every job has the same shape.
 */
export class StoredJob implements Placed {
  readonly id: string;
  readonly name: string;
  queue: JobQueue;
  payload: string;
  policy: string;
  readonly enqueuedAt: number;
  /** Grows with each job stored: the last word in every order. */
  readonly arrival: number;
  priority: number;
  runAt: number;
  state: JobState;
  place = -1;
  token = 0;
  attempt = 0;
  stalls = 0;
  /** While running: when the lease runs out. Once ended: when the record's time is over. */
  until: number | undefined = undefined;
  startedAt: number | undefined = undefined;
  endedAt: number | undefined = undefined;
  runner: string | undefined = undefined;
  extras: JobExtras | undefined = undefined;

  constructor(
    job: NewJob,
    queue: JobQueue,
    shared: SharedTexts,
    runAt: number,
    now: number,
    arrival: number,
  ) {
    this.id = flatText(job.id);
    this.name = shared.name;
    this.queue = queue;
    this.payload = flatText(job.payload);
    this.policy = shared.policy;
    this.enqueuedAt = now;
    this.arrival = arrival;
    this.priority = job.priority;
    this.runAt = runAt;
    this.state = runAt <= now ? 'ready' : 'scheduled';
    if (job.unique !== undefined) this.more().unique = job.unique;
    if (job.meta !== undefined) this.more().meta = job.meta;
    if (job.order !== undefined) this.more().order = job.order;
    if (job.group !== undefined) this.more().group = job.group;
    if (job.flow !== undefined) this.more().flow = job.flow;
    if (job.after !== undefined) {
      this.state = 'blocked';
      this.more().after = job.after;
      this.more().due = job.due;
    }
    if (job.expiresIn !== undefined) this.more().expiry = new Expiry(this, now + job.expiresIn);
  }

  get group(): string | undefined {
    return this.extras?.group;
  }

  /** Whether nobody took it in time, and it is only still to be ended. */
  hasExpired(now: number): boolean {
    const at = this.extras?.expiry?.at;
    return at !== undefined && at <= now;
  }

  /** The extras, to be written to. */
  more(): JobExtras {
    return (this.extras ??= new JobExtras());
  }

  addFailure(failure: Failure, at: number): void {
    const extras = this.more();
    // A new array each time: records that were handed out must not change.
    extras.failures = [
      ...extras.failures.slice(1 - FAILURES_KEPT),
      { ...failure, attempt: this.attempt, at },
    ];
  }
}

/** Texts that equal jobs share. */
export interface SharedTexts {
  readonly name: string;
  readonly policy: string;
}

export class JobExtras {
  unique: UniqueClaim | undefined = undefined;
  order: Order | undefined = undefined;
  group: string | undefined = undefined;
  flow: string | undefined = undefined;
  after: readonly SettledDependency[] | undefined = undefined;
  /** Of one that waits for others: when it is due once it is free. */
  due: Due | undefined = undefined;
  /** Until the first claim. */
  expiry: Expiry | undefined = undefined;
  meta: string | undefined = undefined;
  progress: string | undefined = undefined;
  result: string | undefined = undefined;
  failures: readonly RecordedFailure[] = NO_FAILURES;
  reason: DeadReason | undefined = undefined;
  cancelReason: string | undefined = undefined;
  /** When the job last lost a lease. */
  stalledAt: number | undefined = undefined;
  /** Tokens whose lease was lost, not settled. Each took a lease time to come about, so they stay few. */
  lostTokens: number[] | undefined = undefined;
}

/** When a job that nobody has taken is over. */
export class Expiry implements Placed {
  place = -1;

  constructor(
    readonly job: StoredJob,
    readonly at: number,
  ) {}
}

export const NO_FAILURES: readonly RecordedFailure[] = [];
