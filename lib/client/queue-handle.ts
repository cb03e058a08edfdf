import { sleep, systemChance, systemClock, type Chance, type Clock } from '../core/clock.js';
import { parseDuration, type Duration } from '../core/duration.js';
import { InvalidOptionError, StorageUnavailableError } from '../core/errors.js';
import type { JobOptions } from '../core/job-definition.js';
import { createIdGenerator } from '../core/job-id.js';
import { checkName } from '../core/name.js';
import type { PayloadCodec } from '../core/payload.js';
import type { CancelResult } from '../storage/inspection.js';
import type { NewJob, Pushed } from '../storage/new-job.js';
import type { Storage } from '../storage/storage.js';
import { toJobInfo, type JobInfo } from './job-info.js';
import { JobPreparer } from './job-preparer.js';
import type { BatchOptions, EveryOptions, QueueOptions, ScheduleOptions } from './queue-options.js';
import { toQueueSummary, type QueueSummary } from './queue-summary.js';

const SHORTEST_INTERVAL = 100;
const ENQUEUE_DEADLINE = 10_000;
const RETRY_PAUSE = 100;

/** Options of a `QueueHandle`. @publicApi */
export interface QueueHandleOptions {
  /** Options for all jobs that say nothing else. */
  readonly defaults?: JobOptions;
  readonly codec?: PayloadCodec;
  readonly clock?: Clock;
  readonly chance?: Chance;
}

/**
 * Puts jobs in and tells what became of them. Inject it wherever jobs are made; processes that only enqueue need
 * nothing else. Named with its storage, `QueueHandle<PostgresStorage>`, it takes as `transaction` what that can join.
 * @publicApi
 */
export class QueueHandle<S extends Storage = Storage> {
  readonly #storage: S;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #preparer: JobPreparer;

  /** Without Nest: the storage must be open. */
  constructor(storage: S, options: QueueHandleOptions = {}) {
    const { defaults = {}, codec, clock = systemClock, chance = systemChance } = options;
    this.#storage = storage;
    this.#clock = clock;
    this.#chance = chance;
    this.#preparer = new JobPreparer(createIdGenerator(clock, chance), defaults, codec);
  }

  /**
   * Enqueues one job and resolves once it is as durable as the storage makes it. `duplicate` says that nothing
   * was stored, since a job with this id or unique key was there: then `id` is that job's.
   *
   * Throws `InvalidPayloadError`, `InvalidOptionError`, `InvalidJobError` before anything is stored;
   * `InvalidTransactionError`, `UnsupportedError`; `StorageFullError`; `StorageUnavailableError` when the storage did not answer for ten seconds: the job may
   * then be stored, and queueing it again with the same `id` option is safe.
   */
  async queue(job: object, options?: QueueOptions<S>): Promise<Pushed> {
    const pushed = await this.#push([this.#preparer.prepare(job, options)], options?.transaction);
    return pushed[0] as Pushed;
  }

  /** Enqueues many jobs in one step, all or none; the answers are in the order of the jobs. */
  async queueAll(jobs: readonly object[], options?: BatchOptions<S>): Promise<readonly Pushed[]> {
    if (options && 'id' in options)
      throw new InvalidOptionError('queueAll(): an id belongs to one job; use queue()');
    const prepared = jobs.map((job) => this.#preparer.prepare(job, options));
    return prepared.length === 0 ? [] : this.#push(prepared, options?.transaction);
  }

  /** Enqueues a job that runs not before a time, or not before so long from now. A past time means now. */
  schedule(job: object, at: Date | Duration, options: ScheduleOptions<S> = {}): Promise<Pushed> {
    return this.queue(job, at instanceof Date ? { ...options, runAt: at } : { ...options, delay: at });
  }

  /**
   * Declares a durable schedule: the job is enqueued now and then once per interval, once for the whole cluster
   * and across restarts. Declaring the same key again updates the job and keeps the rhythm while the interval
   * stays the same. Ticks that came while no process was there make one job together.
   *
   * @param interval at least 100 ms
   */
  async every(interval: Duration, job: object, { key, ...options }: EveryOptions): Promise<void> {
    const length = parseDuration(interval, 'every()');
    if (length < SHORTEST_INTERVAL) {
      throw new InvalidOptionError(`every(): ${length} ms is too short; at least ${SHORTEST_INTERVAL} ms`);
    }
    await this.#storage.putSchedules([
      {
        key: checkName(key, 'The key of a schedule'),
        timing: { kind: 'every', interval: length },
        missed: 'last',
        overlap: 'allow',
        template: this.#preparer.prepareTemplate(job, options),
        firstIn: 0,
      },
    ]);
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
    return result as CancelResult;
  }

  /** Every known queue in numbers, by name. */
  async stats(): Promise<readonly QueueSummary[]> {
    const [now, stats] = await Promise.all([this.#storage.now(), this.#storage.stats()]);
    return stats.map((queue) => toQueueSummary(queue, now));
  }

  // An answer that did not come leaves open whether the jobs are stored. Their ids make asking again safe;
  // within the caller's transaction it is not ours to try again.
  async #push(jobs: readonly NewJob[], transaction: unknown): Promise<readonly Pushed[]> {
    if (transaction !== undefined) return this.#storage.push(jobs, transaction);
    const deadline = this.#clock.monotonic() + ENQUEUE_DEADLINE;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#storage.push(jobs);
      } catch (error) {
        const pause = RETRY_PAUSE * 2 ** attempt * (0.5 + this.#chance.random());
        const isLate = this.#clock.monotonic() + pause > deadline;
        if (!(error instanceof StorageUnavailableError) || isLate) throw error;
        await sleep(this.#clock, pause);
      }
    }
  }
}
