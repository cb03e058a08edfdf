import { systemChance, systemClock } from '../core/clock.js';
import type { Duration } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import { createIdGenerator } from '../core/job-id.js';
import { keepAtLeast } from '../core/keep.js';
import type { ResultOf } from '../core/job-result.js';
import type { CancelResult } from '../storage/inspection.js';
import type { NewJob, Pushed } from '../storage/new-job.js';
import type { Storage } from '../storage/storage.js';
import type { AmbientTransactions } from './enqueue/ambient-transactions.js';
import { Carrying } from './enqueue/carrying.js';
import { toJobInfo, type JobInfo } from './inspect/job-info.js';
import { JobPreparer } from './enqueue/job-preparer.js';
import { JobWaits, parseWait, type WaitOptions } from './wait/job-waits.js';
import { batched, chained } from './enqueue/flow-parts.js';
import { jobsOfFlow } from './enqueue/flow-steps.js';
import type { BatchEnds, FlowOptions, FlowStep, QueuedFlow } from './enqueue/flow-steps.js';
import { Patience } from './wait/patience.js';
import type { QueueHandleOptions } from './queue-handle-options.js';
import type { PushSurroundings } from './enqueue/push-surroundings.js';
import { told, type QueuedListener } from './enqueue/queued-event.js';
import type {
  BatchOptions,
  QueueAndWaitOptions,
  QueueOptions,
  ScheduleOptions,
} from './enqueue/queue-options.js';
import { toQueueSummary, type QueueSummary } from './inspect/queue-summary.js';
import { ScheduleDeclarer } from './schedules/schedule-declarer.js';
import type { CronOptions, EveryOptions } from './schedules/schedule-options.js';

/** Milliseconds. */
const LEAST_KEEP = 60_000;

/**
 * Puts jobs in and tells what became of them. Inject it wherever jobs are made; processes that only enqueue need
 * nothing else. Named with its storage, `QueueHandle<PostgresStorage>`, it takes as `transaction` what that can join.
 * @publicApi
 */
export class QueueHandle<S extends Storage = Storage> {
  readonly #storage: S;
  readonly #preparer: JobPreparer;
  readonly #patience: Patience;
  readonly #declarer: ScheduleDeclarer;
  readonly #listener: QueuedListener | undefined;
  readonly #surroundings: PushSurroundings | undefined;
  readonly #waits: JobWaits;
  readonly #carrying: Carrying;
  readonly #ambient: AmbientTransactions | undefined;

  /** Without Nest: the storage must be open. */
  constructor(storage: S, options: QueueHandleOptions = {}) {
    const { defaults = {}, definitions, codec, onClass } = options;
    const { clock = systemClock, chance = systemChance } = options;
    this.#storage = storage;
    this.#preparer = new JobPreparer(createIdGenerator(clock, chance), defaults, codec, definitions, onClass);
    this.#patience = new Patience(clock, chance);
    this.#declarer = new ScheduleDeclarer(storage, options);
    this.#listener = options.listener;
    this.#surroundings = options.surroundings;
    this.#waits = new JobWaits(storage, clock, options.endNews);
    this.#ambient = storage.capabilities.transactions ? options.ambient : undefined;
    this.#carrying = new Carrying(options.carriers ?? [], options.onCarrierFailed);
  }

  /**
   * Enqueues one job and resolves once it is as durable as the storage makes it. `duplicate` says that nothing
   * was stored, since a job with this id or unique key was there: then `id` is that job's.
   *
   * Throws `InvalidPayloadError`, `InvalidOptionError`, `InvalidJobError`, `InvalidContextError` before anything is stored;
   * `InvalidTransactionError`, `UnsupportedError`; `StorageFullError`; `StorageUnavailableError` when the storage did not answer for ten seconds: the job may
   * then be stored, and queueing it again with the same `id` option is safe.
   */
  async queue(job: object, options?: QueueOptions<S>): Promise<Pushed> {
    const prepared = this.#preparer.prepare(job, options);
    const check = this.#preparer.check(job, prepared);
    if (check) await check;
    const pushed = await this.#push([prepared], options?.transaction);
    return pushed[0] as Pushed;
  }

  /** Enqueues many jobs in one step, all or none; the answers are in the order of the jobs. */
  async queueAll(jobs: readonly object[], options?: BatchOptions<S>): Promise<readonly Pushed[]> {
    if (options && 'id' in options)
      throw new InvalidOptionError('queueAll(): an id belongs to one job; use queue()');
    const prepared = jobs.map((job) => this.#preparer.prepare(job, options));
    const checks: Promise<unknown>[] = [];
    for (const [index, job] of jobs.entries()) {
      const check = this.#preparer.check(job, prepared[index] as NewJob);
      if (check) checks.push(check);
    }
    if (checks.length > 0) await Promise.all(checks);
    return prepared.length === 0 ? [] : this.#push(prepared, options?.transaction);
  }

  /**
   * Enqueues jobs that run one after another: each once the one before it has completed. When one is dead or cancelled, those
   * after it are cancelled. All are stored in one step, or none. Needs the capability `flows`, as the next two do. An element may
   * be several jobs (`inParallel`); `ids` has all of them in the order in which they were written down.
   */
  async chain(jobs: readonly object[], options?: FlowOptions<S>): Promise<QueuedFlow<readonly string[]>> {
    const steps = chained(jobs);
    const { flow, ids } = await this.#flow(steps, options);
    return { flow, ids: [...steps.keys()].map((name) => ids[name] ?? '') };
  }

  /**
   * Enqueues jobs that run whenever they can, and what follows when all have ended (`onEnd`) or one is dead (`onDead`). An element
   * may be several jobs (`inSequence`); `ids` has all of them in the order in which they were written down.
   */
  async batch(
    jobs: readonly object[],
    { onEnd, onDead, ...options }: FlowOptions<S> & BatchEnds = {},
  ): Promise<QueuedFlow<readonly string[]> & { readonly onEnd?: string; readonly onDead?: string }> {
    const steps = batched(jobs, { ...(onEnd && { onEnd }), ...(onDead && { onDead }) });
    const { flow, ids } = await this.#flow(steps, options);
    const { onEnd: endId, onDead: deadId } = ids;
    return {
      flow,
      ids: [...steps.keys()].flatMap((name) =>
        name === 'onEnd' || name === 'onDead' ? [] : (ids[name] ?? ''),
      ),
      ...(endId === undefined ? {} : { onEnd: endId }),
      ...(deadId === undefined ? {} : { onDead: deadId }),
    };
  }

  /**
   * Enqueues up to 1,000 jobs that wait for one another, by names of your choice: `flow({ load: { job }, report: { job: other,
   * after: ['load'] } })`. A job finds what became of those it waited for in `context.parents`.
   *
   * Throws `InvalidOptionError` when steps wait for one another in a circle or for what is no step.
   */
  async flow<Name extends string>(
    steps: Readonly<Record<Name, FlowStep<NoInfer<Name>>>>,
    options?: FlowOptions<S>,
  ): Promise<QueuedFlow<Readonly<Record<Name, string>>>> {
    const { flow, ids } = await this.#flow(new Map(Object.entries<FlowStep>(steps)), options);
    return { flow, ids };
  }

  /** Enqueues a job that runs not before a time, or not before so long from now. A past time means now. */
  schedule(job: object, at: Date | Duration, options: ScheduleOptions<S> = {}): Promise<Pushed> {
    return this.queue(job, at instanceof Date ? { ...options, runAt: at } : { ...options, delay: at });
  }

  /**
   * Declares a durable schedule: the job is enqueued now and then once per interval, once for the whole cluster
   * and across restarts. Declaring the same key again updates the job and the options, and keeps the rhythm while
   * the interval stays the same; with another interval it begins anew.
   *
   * Throws `InvalidOptionError`, or what `queue` throws for the job, before anything is stored.
   *
   * @param interval at least 100 ms
   */
  async every(interval: Duration, job: object, options: EveryOptions): Promise<void> {
    await this.#declarer.declare([this.#declarer.every(interval, job, options)]);
  }

  /**
   * Declares a durable schedule by the clock on a wall: the job is enqueued whenever the expression comes, once for
   * the whole cluster. Declaring the same key again updates the job and the options, and never makes a tick come
   * twice. With another expression or time zone it begins anew: ticks of the old one that were missed are forgotten.
   *
   * Five fields (minute, hour, day of the month, month, day of the week), or six with the seconds in front; names,
   * ranges, lists, steps, `L`, `W`, `#` and `@daily` and its like. Where both days are given, either will do.
   *
   * When the clocks are changed, a fixed time comes once a day all the same: at the first valid instant if it was
   * left out, at the first of two if it came twice. With a star or a step in the seconds, minutes or hours the
   * expression goes by elapsed time.
   *
   * Throws `InvalidOptionError` for an expression that cannot be read or never comes and for a time zone that is
   * unknown, or what `queue` throws for the job, before anything is stored.
   */
  async cron(expression: string, job: object, options: CronOptions): Promise<void> {
    await this.#declarer.declare([this.#declarer.cron(expression, job, options)]);
  }

  /** What the storage knows of a job; `undefined` when it is unknown or its record was not kept. */
  async info(id: string): Promise<JobInfo | undefined> {
    const [record] = await this.#storage.info([id]);
    return record && toJobInfo(record);
  }

  /**
   * Ends a job: at once when it waits (`cancelled`); when it runs (`requested`) its `context.signal` aborts,
   * within a heartbeat at the latest, wherever it runs. `ended` and `unknown` change nothing.
   */
  async cancel(id: string, reason = 'cancelled on request'): Promise<CancelResult> {
    const [result] = await this.#storage.cancel([id], reason);
    if (result === 'cancelled') this.#waits.ended(id);
    return result as CancelResult;
  }

  /**
   * Waits until a job has ended, whichever process runs it, and resolves with what its run returned (`undefined` where it
   * returned nothing, or its handler's result was not kept). All who wait on one handle share one look at the storage, 20 ms to 1 s
   * apart; a job that runs in this process is noticed at once. An outage of the storage is waited out.
   *
   * Rejects with `JobDeadError`, `JobCancelledError`, `JobUnknownError` for an id that the storage does not know (any more:
   * the record has to be kept for a while, see `keep`), `ResultLostError`, `WaitTimeoutError`, the signal's reason, and
   * `StorageClosedError` when the application closes.
   *
   * The job of a transaction can be waited for once that is committed. A job that waits for another holds its slot meanwhile, and
   * may wait for ever for one that needs that slot: use `chain` or `flow` instead.
   */
  wait<Result = unknown>(job: string | Pushed, options?: WaitOptions): Promise<Result> {
    return this.#waits.wait(typeof job === 'string' ? job : job.id, options) as Promise<Result>;
  }

  /**
   * Enqueues a job and waits for its result: `queue`, then `wait`, with what each of them throws. The record is kept for at least
   * a minute, whatever `keep` says, so that the result can be read. A duplicate is waited for like any other, but its
   * record is kept as it was queued. It joins no transaction, also where one is found around it.
   */
  async queueAndWait<J extends object>(
    job: J,
    { wait = {}, ...options }: QueueAndWaitOptions<S> = {},
  ): Promise<ResultOf<J>> {
    parseWait(wait, 'queueAndWait(): wait');
    if ('transaction' in options)
      throw new InvalidOptionError(
        'queueAndWait(): nobody can run the job before the transaction commits; queue() it, then wait()',
      );
    const keep = keepAtLeast(this.#preparer.keepOf(job, options), LEAST_KEEP);
    const { id } = await this.queue(job, { ...options, keep, transaction: false });
    return this.wait<ResultOf<J>>(id, wait);
  }

  /** Every known queue in numbers, by name. */
  async stats(): Promise<readonly QueueSummary[]> {
    const [now, stats] = await Promise.all([this.#storage.now(), this.#storage.stats()]);
    return stats.map((queue) => toQueueSummary(queue, now));
  }

  async #flow(
    steps: ReadonlyMap<string, FlowStep>,
    options: FlowOptions<S> = {},
  ): Promise<QueuedFlow<Readonly<Record<string, string>>>> {
    const jobs = jobsOfFlow(steps, (job) => this.#preparer.prepare(job, options));
    for (const [name, job] of jobs) await this.#preparer.check(steps.get(name)?.job ?? {}, job);
    const pushed = await this.#push([...jobs.values()], options.transaction);
    const ids = Object.fromEntries([...jobs.keys()].map((name, nth) => [name, pushed[nth]?.id ?? '']));
    return { flow: [...jobs.values()][0]?.id ?? '', ids };
  }

  // An answer that did not come leaves open whether the jobs are stored. Their ids make asking again safe;
  // within the caller's transaction it is not ours to try again.
  #push(jobs: readonly NewJob[], given: unknown): Promise<readonly Pushed[]> {
    const transaction = given === undefined ? this.#ambient?.current() : given === false ? undefined : given;
    const store = () => {
      const laden = this.#carrying.load(jobs);
      return transaction === undefined
        ? this.#patience.call(() => this.#storage.push(laden))
        : this.#storage.push(laden, transaction);
    };
    const stored = this.#surroundings?.around(jobs, store) ?? store();
    const listener = this.#listener;
    return listener
      ? stored.then((pushed) => told(listener, jobs, pushed, transaction !== undefined))
      : stored;
  }
}
