import type { Lease } from '../core/job.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../storage/inspection.js';
import type { NewJob } from '../storage/new-job.js';
import type { Firing, NewSchedule } from '../storage/schedules.js';
import type { SignalListener } from '../storage/signal.js';
import { Storage } from '../storage/storage.js';

/** The calls that ask a storage for something. */
export type StorageCall = Exclude<keyof Storage, 'name' | 'capabilities' | 'open' | 'close' | 'subscribe'>;

/** A storage before another one, which sees each call on its way. */
export abstract class InterceptedStorage extends Storage {
  protected readonly inner: Storage;

  constructor(inner: Storage) {
    super();
    this.inner = inner;
  }

  get name() {
    return this.inner.name;
  }

  get capabilities() {
    return this.inner.capabilities;
  }

  /** Passes one call on, or does not. */
  protected abstract intercept<T>(call: StorageCall, send: () => Promise<T>): Promise<T>;

  open = () => this.inner.open();
  close = () => this.inner.close();
  now = () => this.intercept('now', () => this.inner.now());
  push = (jobs: readonly NewJob[], transaction?: unknown) =>
    this.intercept('push', () => this.inner.push(jobs, transaction));
  pop = (request: PopRequest) => this.intercept('pop', () => this.inner.pop(request));
  complete = (ends: readonly Completion[], next?: PopRequest, transaction?: unknown) =>
    this.intercept('complete', () => this.inner.complete(ends, next, transaction));
  release = (leases: readonly Lease[]) => this.intercept('release', () => this.inner.release(leases));
  heartbeat = (beat: Beat) => this.intercept('heartbeat', () => this.inner.heartbeat(beat));
  progress = (reports: readonly ProgressReport[]) =>
    this.intercept('progress', () => this.inner.progress(reports));
  rescue = (limit: number, maxStalls: number) =>
    this.intercept('rescue', () => this.inner.rescue(limit, maxStalls));
  leave = (runner: string) => this.intercept('leave', () => this.inner.leave(runner));
  info = (ids: readonly string[]) => this.intercept('info', () => this.inner.info(ids));
  list = (query: JobQuery) => this.intercept('list', () => this.inner.list(query));
  stats = () => this.intercept('stats', () => this.inner.stats());
  runners = () => this.intercept('runners', () => this.inner.runners());
  cancel = (ids: readonly string[], reason: string) =>
    this.intercept('cancel', () => this.inner.cancel(ids, reason));
  retry = (ids: readonly string[], options?: RetryOptions) =>
    this.intercept('retry', () => this.inner.retry(ids, options));
  remove = (ids: readonly string[]) => this.intercept('remove', () => this.inner.remove(ids));
  change = (ids: readonly string[], change: JobChange) =>
    this.intercept('change', () => this.inner.change(ids, change));
  pause = (queue: string, reason: string, group?: string) =>
    this.intercept('pause', () => this.inner.pause(queue, reason, group));
  resume = (queue: string, group?: string) => this.intercept('resume', () => this.inner.resume(queue, group));
  override group(queue: string, group: string) {
    return this.intercept('group', () => this.inner.group(queue, group));
  }
  override limit(queue: string, limits?: QueueLimits) {
    return this.intercept('limit', () => this.inner.limit(queue, limits));
  }
  prune = (limit: number) => this.intercept('prune', () => this.inner.prune(limit));
  putSchedules = (schedules: readonly NewSchedule[]) =>
    this.intercept('putSchedules', () => this.inner.putSchedules(schedules));
  schedules = (keys?: readonly string[]) => this.intercept('schedules', () => this.inner.schedules(keys));
  removeSchedules = (keys: readonly string[]) =>
    this.intercept('removeSchedules', () => this.inner.removeSchedules(keys));
  dueSchedules = (limit: number) => this.intercept('dueSchedules', () => this.inner.dueSchedules(limit));
  fire = (firings: readonly Firing[]) => this.intercept('fire', () => this.inner.fire(firings));

  subscribe(listener: SignalListener): () => void {
    return this.inner.subscribe(listener);
  }
}
