import { systemClock, type Clock } from '../../core/clock.js';
import { StorageClosedError } from '../../core/errors.js';
import type { Lease } from '../../core/job.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../../storage/inspection.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Firing, NewSchedule } from '../../storage/schedules.js';
import { SignalHub, type SignalListener } from '../../storage/signal.js';
import { Storage } from '../../storage/storage.js';
import { StorageTime } from '../../storage/storage-time.js';
import { checkChange, checkPush, checkSupported, refuseTransaction } from '../../storage/supported.js';
import { listJobs } from './job-list.js';
import { recordOf } from './job-record.js';
import { MemoryContents } from './memory-contents.js';

/**
 * Keeps jobs in the memory of this process: for tests, development, and work that may be lost with the process.
 * Nothing outlives `close`: opened again, the storage is empty. Each method does its work at once, before it
 * returns its promise.
 * @publicApi
 */
export class MemoryStorage extends Storage {
  readonly name = 'memory';
  readonly capabilities = {
    ...{ durable: false, shared: false, signals: true },
    ...{ transactions: false, groups: true, limits: true, expiry: true },
    ...{ order: true, replacing: true, flows: true },
  };
  readonly #time: StorageTime;
  readonly #hub = new SignalHub();
  #contents: MemoryContents | undefined;

  /** `clock`: where the storage gets its time from; it never goes back, even if the clock does. */
  constructor({ clock = systemClock }: { readonly clock?: Clock } = {}) {
    super();
    this.#time = new StorageTime(clock);
  }

  async open() {
    this.#contents ??= new MemoryContents(this.#hub, this.#time.now());
  }

  async close() {
    this.#contents = undefined;
  }

  async now() {
    return this.#do((_, now) => now);
  }

  subscribe(listener: SignalListener) {
    return this.#hub.subscribe(listener);
  }

  async push(jobs: readonly NewJob[], transaction?: undefined) {
    return this.#do((on, now) => {
      refuseTransaction(transaction, this.name);
      checkPush(jobs, this);
      const pushed = jobs.map((job) => on.jobs.add(job, now));
      if (jobs.some(({ after }) => after !== undefined)) on.jobs.tellKnown(jobs, now);
      return pushed;
    });
  }

  async pop(request: PopRequest) {
    return this.#do(({ claiming }, now) => claiming.pop(request, now));
  }

  async complete(completions: readonly Completion[], next?: PopRequest, transaction?: undefined) {
    refuseTransaction(transaction, this.name);
    return this.#do(({ settling, claiming }, now) => {
      const results = completions.map((completion) => settling.complete(completion, now));
      return next === undefined ? { results } : { results, popped: claiming.pop(next, now) };
    });
  }

  async release(leases: readonly Lease[]) {
    return this.#do(({ settling }, now) => leases.map((lease) => settling.release(lease, now)));
  }

  async heartbeat(beat: Beat) {
    return this.#do(({ runners }, now) => runners.beat(beat, now));
  }

  async progress(reports: readonly ProgressReport[]) {
    return this.#do(({ runners }) => runners.progress(reports));
  }

  async rescue(limit: number, maxStalls: number) {
    return this.#do(({ settling }, now) => settling.rescue(limit, maxStalls, now));
  }

  async leave(runner: string) {
    return this.#do(({ runners }) => runners.leave(runner));
  }

  async info(ids: readonly string[]) {
    return this.#do(({ jobs }, now) =>
      ids.map((id) => jobs.find(id)).map((job) => job && recordOf(job, now)),
    );
  }

  async list(query: JobQuery) {
    return this.#do(({ jobs }, now) => listJobs(jobs, query, now));
  }

  async stats() {
    return this.#do(({ queues }, now) => queues.stats(now));
  }

  async runners() {
    return this.#do(({ runners }, now) => runners.live(now));
  }

  async cancel(ids: readonly string[], reason: string) {
    const results = this.#do((on, now) => ids.map((id) => on.operating.cancel(id, reason, now)));
    if (results.includes('requested')) this.#hub.emit({ kind: 'cancel' });
    return results;
  }

  async retry(ids: readonly string[], options: RetryOptions = {}) {
    return this.#do(({ operating }, now) => ids.map((id) => operating.retry(id, options, now)));
  }

  async remove(ids: readonly string[]) {
    return this.#do(({ operating }, now) => ids.map((id) => operating.remove(id, now)));
  }

  async change(ids: readonly string[], change: JobChange) {
    checkChange(change);
    return this.#do(({ operating }, now) => ids.map((id) => operating.change(id, change, now)));
  }

  async pause(queue: string, reason: string, group?: string) {
    return this.#do(({ queues }, now) =>
      group === undefined ? queues.pause(queue, reason, now) : queues.pauseGroup(queue, group, reason, now),
    );
  }

  async resume(queue: string, group?: string) {
    const wasPaused = this.#do(({ queues }, now) =>
      group === undefined ? queues.resume(queue) : queues.resumeGroup(queue, group, now),
    );
    // Also when nothing is ready in it: whoever waits must learn when its jobs are due.
    if (wasPaused) this.#hub.emit({ kind: 'ready', queues: [queue] });
  }

  override async limit(queue: string, limits?: QueueLimits) {
    this.#do(({ queues }) => queues.limit(queue, limits));
    this.#hub.emit({ kind: 'ready', queues: [queue] });
  }

  override async group(queue: string, group: string) {
    return this.#do(({ queues }, now) => queues.find(queue)?.governor?.stats(group, now));
  }

  async prune(limit: number) {
    return this.#do(({ operating }, now) => operating.prune(limit, now));
  }

  async putSchedules(schedules: readonly NewSchedule[]) {
    this.#do((on, now) => {
      checkSupported(
        schedules.map(({ template }) => template),
        this,
      );
      for (const schedule of schedules) on.schedules.put(schedule, now);
    });
    if (schedules.length > 0) this.#hub.emit({ kind: 'schedule' });
  }

  async schedules(keys?: readonly string[]) {
    return this.#do(({ schedules }) => schedules.all(keys));
  }

  async removeSchedules(keys: readonly string[]) {
    const results = this.#do(({ schedules }) => keys.map((key) => schedules.remove(key)));
    if (results.includes(true)) this.#hub.emit({ kind: 'schedule' });
    return results;
  }

  async dueSchedules(limit: number) {
    return this.#do(({ schedules }, now) => schedules.due(limit, now));
  }

  async fire(firings: readonly Firing[]) {
    const taken = this.#do(({ schedules }, now) => {
      for (const { jobs } of firings) checkSupported(jobs, this);
      return firings.map((firing) => schedules.fire(firing, now));
    });
    const isNearer = firings.some(({ nextAt, expected }, nth) => taken[nth] === true && nextAt < expected);
    if (isNearer) this.#hub.emit({ kind: 'schedule' });
    return taken;
  }

  /** One step at one time. What it made ready is told once it is whole. */
  #do<Result>(step: (contents: MemoryContents, now: number) => Result): Result {
    const contents = this.#contents;
    if (contents === undefined)
      throw new StorageClosedError('The memory storage is not open. Call open() first');
    const result = step(contents, this.#time.now());
    contents.news.tell();
    return result;
  }
}
