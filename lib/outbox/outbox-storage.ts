import { emitWarning } from 'node:process';
import { sleep, systemChance, systemClock, type Clock } from '../core/clock.js';
import { parseDuration, type Duration } from '../core/duration.js';
import { InvalidOptionError, UnsupportedError } from '../core/errors.js';
import type { Lease } from '../core/job.js';
import { checkKnownOptions } from '../core/known-options.js';
import type { Capabilities } from '../storage/capabilities.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../storage/inspection.js';
import type { JobOutbox } from '../storage/job-outbox.js';
import type { NewJob, Pushed } from '../storage/new-job.js';
import type { Firing, NewSchedule } from '../storage/schedules.js';
import type { SignalListener } from '../storage/signal.js';
import { Storage } from '../storage/storage.js';
import { checkSupported } from '../storage/supported.js';
import { Relay } from './relay.js';

const CLOSE_WITHIN = 2_000;

/**
 * Options of an `OutboxStorage`.
 * @publicApi
 */
export interface OutboxStorageOptions<O extends JobOutbox = JobOutbox> {
  /** Where jobs live and run. Opened and closed along with this one. */
  readonly storage: Storage;
  /** Where jobs wait that were queued in a transaction. Opened and closed along with this one. */
  readonly outbox: O;
  /** Whether this process moves jobs out of the outbox. Some process has to. @default true */
  readonly relay?: boolean;
  /** How long a job waits in the outbox at most when the process that queued it died. From 10 ms. @default '1s' */
  readonly pollInterval?: Duration;
  /** Told once when jobs cannot be moved, and again after it went well in between. @default a warning of the process */
  readonly onTrouble?: (error: unknown) => void;
  readonly clock?: Clock;
}

const OPTIONS = ['storage', 'outbox', 'relay', 'pollInterval', 'onTrouble', 'clock'];

/**
 * A storage that is in no database of the application's, and yet joins its transactions: jobs queued in one are
 * written to an outbox table of that database, and moved to the storage once they are committed.
 *
 * Moving is safe against crashes: a job may be pushed twice, under one id, which stores it once while the storage
 * has its record. A job whose record was not kept, and that ran to its end between a crash and the next move, runs a
 * second time. What a move finds out is not known when the job is queued: `duplicate` is false then, whatever its id
 * or unique key, and `info` knows the job only once it was moved. Runs cannot complete in a transaction: the storage
 * that would have to take part in it is elsewhere.
 * @publicApi
 */
export class OutboxStorage<O extends JobOutbox = JobOutbox> extends Storage {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #inner: Storage;
  readonly #outbox: O;
  readonly #clock: Clock;
  readonly #relay: Relay | undefined;

  constructor(options: OutboxStorageOptions<O>) {
    super();
    checkKnownOptions(options, OPTIONS, 'OutboxStorage');
    const { storage, outbox, relay = true, pollInterval = '1s', clock = systemClock } = options;
    const interval = parseDuration(pollInterval, 'OutboxStorage: pollInterval');
    if (interval < 10)
      throw new InvalidOptionError(`OutboxStorage: pollInterval ${interval} ms is below 10 ms`);
    this.#inner = storage;
    this.#outbox = outbox;
    this.#clock = clock;
    this.name = storage.name;
    this.capabilities = { ...storage.capabilities, transactions: true };
    const { onTrouble = warn } = options;
    if (relay) this.#relay = new Relay({ outbox, storage, interval, onTrouble, clock, chance: systemChance });
  }

  async open() {
    await this.#inner.open();
    await this.#outbox.open();
    this.#relay?.start();
  }

  async close() {
    const done = new AbortController();
    await Promise.race([this.#relay?.stop(), sleep(this.#clock, CLOSE_WITHIN, done.signal)]);
    done.abort();
    await Promise.all([this.#outbox.close(), this.#inner.close()]);
  }

  async push(jobs: readonly NewJob[], transaction?: Parameters<O['put']>[1]): Promise<readonly Pushed[]> {
    if (transaction === undefined) return this.#inner.push(jobs);
    this.#check(jobs);
    if (jobs.length > 0) await this.#outbox.put(jobs, transaction);
    this.#relay?.wake();
    return jobs.map(({ id }) => ({ id, duplicate: false }));
  }

  async complete(completions: readonly Completion[], next?: PopRequest, transaction?: unknown) {
    if (transaction === undefined) return this.#inner.complete(completions, next);
    throw new UnsupportedError(
      `completeIn: jobs of the ${this.name} storage are not in the database of the transaction. Return from run instead, ` +
        'and make the effect such that it may happen twice',
    );
  }

  // All else is the storage's own.

  now = () => this.#inner.now();
  subscribe = (listener: SignalListener) => this.#inner.subscribe(listener);
  pop = (request: PopRequest) => this.#inner.pop(request);
  release = (leases: readonly Lease[]) => this.#inner.release(leases);
  heartbeat = (beat: Beat) => this.#inner.heartbeat(beat);
  progress = (reports: readonly ProgressReport[]) => this.#inner.progress(reports);
  rescue = (limit: number, maxStalls: number) => this.#inner.rescue(limit, maxStalls);
  leave = (runner: string) => this.#inner.leave(runner);
  info = (ids: readonly string[]) => this.#inner.info(ids);
  list = (query: JobQuery) => this.#inner.list(query);
  stats = () => this.#inner.stats();
  runners = () => this.#inner.runners();
  cancel = (ids: readonly string[], reason: string) => this.#inner.cancel(ids, reason);
  retry = (ids: readonly string[], options?: RetryOptions) => this.#inner.retry(ids, options);
  remove = (ids: readonly string[]) => this.#inner.remove(ids);
  change = (ids: readonly string[], change: JobChange) => this.#inner.change(ids, change);
  pause = (queue: string, reason: string, group?: string) => this.#inner.pause(queue, reason, group);
  resume = (queue: string, group?: string) => this.#inner.resume(queue, group);
  override group(queue: string, group: string) {
    return this.#inner.group(queue, group);
  }
  override limit(queue: string, limits?: QueueLimits) {
    return this.#inner.limit(queue, limits);
  }
  prune = (limit: number) => this.#inner.prune(limit);
  putSchedules = (schedules: readonly NewSchedule[]) => this.#inner.putSchedules(schedules);
  schedules = (keys?: readonly string[]) => this.#inner.schedules(keys);
  removeSchedules = (keys: readonly string[]) => this.#inner.removeSchedules(keys);
  dueSchedules = (limit: number) => this.#inner.dueSchedules(limit);
  fire = (firings: readonly Firing[]) => this.#inner.fire(firings);

  // A job that the storage will refuse must not be committed: nobody would be there to hear of it. Jobs that wait for
  // others belong into one push, and a move may tear them apart.
  #check(jobs: readonly NewJob[]): void {
    checkSupported(jobs, this);
    const torn = jobs.find(({ after }) => after !== undefined);
    if (torn === undefined) return;
    throw new UnsupportedError(
      `Job '${torn.name}' waits for others: such jobs cannot be queued in a transaction through an outbox`,
    );
  }
}

function warn(error: unknown): void {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  emitWarning(`Jobs cannot be moved out of the outbox. They stay there, and it is tried again. ${what}`, {
    code: 'JOBS_OUTBOX',
  });
}
