import { currentRun } from './current-run.js';
import type { JobClass } from './job-definition.js';
import type { ParentJob, ParentResults } from './parent-job.js';
import type { Duration } from './duration.js';
import type { Snooze } from './snooze.js';

/**
 * What a run knows of itself. The last argument of `run`, and what request-scoped providers inject by this class.
 * @publicApi
 */
export abstract class JobContext {
  /**
   * The context of the run that calls, however deep in it; `undefined` outside of runs. Has to be asked for, by the module's
   * option `context: { current: true }`, since following calls has its price: where jobs run without it, this throws
   * `InvalidOptionError`.
   */
  static current(): JobContext | undefined {
    return currentRun() as JobContext | undefined;
  }

  abstract readonly id: string;
  abstract readonly name: string;
  abstract readonly queue: string;
  /** Which run this is, counted from 1. Lost leases and snoozes do not count. */
  abstract readonly attempt: number;
  /** The runs it may use; `Infinity` with `MaxRetries.infinite`. */
  abstract readonly maxAttempts: number;
  abstract readonly enqueuedAt: Date;
  /** When it became due; of a schedule's job, the tick it was made for, however late it runs. */
  abstract readonly scheduledFor: Date;
  /**
   * Grows with each lease of this job. Write it along with your effect and refuse smaller ones, and a run that
   * lost its lease without noticing cannot overwrite what its successor did.
   */
  abstract readonly token: number;
  /**
   * Aborts when the run should stop; `signal.reason` is a `JobCancelledError`, `JobTimeoutError`,
   * `LeaseLostError` or `ShutdownError`.
   */
  abstract readonly signal: AbortSignal;
  /** What the job was queued with as `meta`. */
  abstract readonly meta: unknown;
  /** The jobs that it waited for, in a chain, batch or flow, in their order, and what they returned. Empty for all others. */
  abstract readonly parents: readonly ParentJob[];
  /**
   * What the first of its `parents` returned, one for each class, in their order: `const [rows, rates] = context.results(Load, Rates)`.
   * The classes are for the compiler, which takes the types from their `run`; `undefined` where a parent returned nothing, or did not
   * complete. Throws `NonRetryableError` when there are fewer parents than classes.
   */
  abstract results<const Parents extends readonly JobClass[]>(...parents: Parents): ParentResults<Parents>;
  /** Stores a JSON value that `info` shows. Writes are gathered: the newest value is stored within a second. */
  abstract progress(value: unknown): void;
  /** Writes a line that carries the job's id, through the logger of the application. */
  abstract log(message: string): void;
  /**
   * Completes the job in a transaction that this run began in the storage's own database: the run's effect and its
   * completion are committed together, or neither is. Takes what `queue()` takes as `transaction`, and the result that
   * `info` shows. Await it, let what it throws roll the transaction back, and commit soon: from the call on the lease
   * is not extended any more. After a rollback the run ends as any other, by returning or throwing.
   *
   * Throws `LeaseLostError` when another runner may have the job by now, the reason of `signal` when the run has
   * overrun its `timeout`, `UnsupportedError` when the storage can join no transaction, `InvalidTransactionError`.
   */
  abstract completeIn(transaction: unknown, result?: unknown): Promise<void>;
  /** `return context.snooze('5m')`: run again later. Uses no attempt. */
  abstract snooze(delay: Duration): Snooze;
}
