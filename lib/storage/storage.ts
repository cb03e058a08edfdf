import type { JobRecord, Lease } from '../core/job.js';
import type {
  Beat,
  BeatAnswer,
  Completed,
  Completion,
  LiveRunner,
  Popped,
  PopRequest,
  ProgressReport,
  Recorded,
  Rescued,
} from './claims.js';
import type { Capabilities } from './capabilities.js';
import type {
  CancelResult,
  GroupStats,
  JobChange,
  JobPage,
  JobQuery,
  QueueLimits,
  QueueStats,
  RemoveResult,
  RetryOptions,
} from './inspection.js';
import type { NewJob, Pushed } from './new-job.js';
import type { DueSchedules, Firing, NewSchedule, Schedule } from './schedules.js';
import type { SignalListener } from './signal.js';
import { UnsupportedError } from '../core/errors.js';

/**
 * Where jobs live, and the DI token for it. Each method is one atomic step, as durable as the storage says once
 * it resolves; none decides policy. All times are the storage's own clock's. Methods throw
 * `StorageUnavailableError` when the storage does not answer, and every call may then be repeated as it is.
 *
 * `storageContract` in `./testing` holds each sentence below as a test case.
 * @publicApi
 */
export abstract class Storage {
  /** For logs and messages, such as `sqlite`. */
  abstract readonly name: string;
  abstract readonly capabilities: Capabilities;

  // Life

  /**
   * Connects, brings the schema up to date and checks what durability depends on. Constructing opens nothing.
   * Safe to repeat; a failed open may be tried again.
   */
  abstract open(): Promise<void>;

  /** Finishes what is under way, for at most two seconds, and closes what `open` opened. Safe to repeat and before `open`. */
  abstract close(): Promise<void>;

  /** Milliseconds since the epoch by the storage's clock. */
  abstract now(): Promise<number>;

  /** Calls the listener with news from this process and, where the storage can, from others. Returns the way to stop. */
  abstract subscribe(listener: SignalListener): () => void;

  // Putting jobs in

  /**
   * Stores jobs, all or none. A job whose id is known, or whose unique key is held, stores nothing and reports
   * the job that is there. A job with `after` is `blocked` until what it waits for has ended (`core/dependency.ts`): it is
   * free, or cancelled, in the same step that ends the last of them, however that comes about. What it knows of an end stays,
   * unless it waits for that job again (`retry`). `transaction` joins the caller's own (capability `transactions`): the jobs are there, and
   * their wake-up goes out, once that commits. A storage narrows its type to what it can join.
   */
  abstract push(jobs: readonly NewJob[], transaction?: unknown): Promise<readonly Pushed[]>;

  // Getting jobs done

  /**
   * Claims due jobs of known names from queues that are not paused: `running`, token + 1, leased from now. Two
   * pops never return the same lease. In order of priority, due time, arrival. A job that another call is just
   * writing may be passed by; the next pop finds it. Never one whose `expiresIn` is over before its first claim.
   *
   * Groups of a queue take turns: one job each, in that order within the group, and a group that has just come waits for
   * every other once. Jobs without a group take turns as one group more. A group that is paused or at its limit is passed
   * by, at no cost. Limits hold exactly, whatever rivals there are.
   */
  abstract pop(request: PopRequest): Promise<Popped>;

  /**
   * Records the ends of runs, each only if its lease still holds, each apart from the others; then claims like
   * `pop` when `next` is given. A lease holds until another runner or a rescue took the job, even past its time.
   * Repeating a completion answers as the first did. A job that was asked to end and was not completed or dead
   * becomes `cancelled` (`honourCancel`). `transaction` joins the caller's own (capability `transactions`): the ends
   * then stand once that commits, and nothing is claimed.
   */
  abstract complete(
    completions: readonly Completion[],
    next?: PopRequest,
    transaction?: unknown,
  ): Promise<Completed>;

  /** Gives leases back uncharged: `ready`, due now, in their old place. Like a completion in all else. */
  abstract release(leases: readonly Lease[]): Promise<readonly Recorded[]>;

  /** Registers the runner and extends the leases it still holds; tells which are lost and which jobs should end. */
  abstract heartbeat(beat: Beat): Promise<BeatAnswer>;

  /** Stores the newest progress of running jobs whose lease holds. */
  abstract progress(reports: readonly ProgressReport[]): Promise<void>;

  /**
   * Settles up to `limit` running jobs whose lease ran out, by `settleStall`. Never one whose lease holds,
   * however long it runs. One odd record keeps no other from being rescued. Ends as many jobs that nobody took in time:
   * `dead`, reason `expired`.
   */
  abstract rescue(limit: number, maxStalls: number): Promise<readonly Rescued[]>;

  /** Forgets a runner that stops; its leases, if any, run out by themselves. */
  abstract leave(runner: string): Promise<void>;

  // Looking

  /** The records, in the order of the ids; `undefined` where there is none. */
  abstract info(ids: readonly string[]): Promise<readonly (JobRecord | undefined)[]>;

  abstract list(query: JobQuery): Promise<JobPage>;

  /** All known queues, by name. */
  abstract stats(): Promise<readonly QueueStats[]>;

  abstract runners(): Promise<readonly LiveRunner[]>;

  /** One group of a queue; `undefined` when nothing of it waits or runs and it is not paused. Needs the capability `groups`. */
  group(_queue: string, _group: string): Promise<GroupStats | undefined> {
    return Promise.reject(new UnsupportedError(`The ${this.name} storage has no groups`));
  }

  // Acting: in the order of the ids, each id apart from the others; the next sees what the one before it brought about

  /** Ends waiting jobs at once; asks for the end of running ones, which their runner learns with its next beat. */
  abstract cancel(ids: readonly string[], reason: string): Promise<readonly CancelResult[]>;

  /**
   * Starts dead or cancelled jobs again: `ready`, counters at zero, failures kept. A `live` unique key is theirs
   * again, unless another job has it by then. False for any other state. A job that waited for others does so again for
   * those that have started again by then; where one that it needs has not, it stays as it is, false.
   */
  abstract retry(ids: readonly string[], options?: RetryOptions): Promise<readonly boolean[]>;

  /** Deletes records, whatever their state but `running`. For those who wait for it a job that had not ended is cancelled. */
  abstract remove(ids: readonly string[]): Promise<readonly RemoveResult[]>;

  /** Changes jobs that wait. False for any other state. */
  abstract change(ids: readonly string[], change: JobChange): Promise<readonly boolean[]>;

  /**
   * No pop takes from the queue, or from the one group of it (capability `groups`), until it is resumed; what runs goes
   * on. The queue or group need not exist yet. Each is resumed by itself.
   */
  abstract pause(queue: string, reason: string, group?: string): Promise<void>;

  abstract resume(queue: string, group?: string): Promise<void>;

  /** Bounds a queue for all runners together; without limits it is unbounded again. Needs the capability `limits`. */
  limit(_queue: string, _limits?: QueueLimits): Promise<void> {
    return Promise.reject(new UnsupportedError(`The ${this.name} storage has no queue limits`));
  }

  /** Deletes up to `limit` ended records whose time is over. Returns how many. */
  abstract prune(limit: number): Promise<number>;

  // Schedules

  /** Declares schedules by key. One that is there keeps its watermark and, while its timing is the same, its next tick. */
  abstract putSchedules(schedules: readonly NewSchedule[]): Promise<void>;

  /** By key: all, or those of the keys that are there. */
  abstract schedules(keys?: readonly string[]): Promise<readonly Schedule[]>;

  /** True where there was one. */
  abstract removeSchedules(keys: readonly string[]): Promise<readonly boolean[]>;

  abstract dueSchedules(limit: number): Promise<DueSchedules>;

  /**
   * Takes steps of schedules, each apart from the others; false where another process was first. A step to an
   * earlier time than before is news, like a declaration.
   */
  abstract fire(firings: readonly Firing[]): Promise<readonly boolean[]>;
}

/**
 * What the option `transaction` takes with a storage: what its `push` takes. `never` where it can join none.
 * @publicApi
 */
export type TransactionOf<S extends Storage> = Exclude<Parameters<S['push']>[1], undefined>;
