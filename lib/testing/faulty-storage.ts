import { StorageUnavailableError } from '../core/errors.js';
import type { Lease } from '../core/job.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../storage/inspection.js';
import type { NewJob } from '../storage/new-job.js';
import type { Firing, NewSchedule } from '../storage/schedules.js';
import type { SignalListener } from '../storage/signal.js';
import { Storage } from '../storage/storage.js';

/**
 * How a call goes wrong. `refused`: nothing happened, and the caller is told. `unanswered`: it happened, but the
 * reply is lost and the caller sees a failure. `hanging`: nothing happens and no answer comes until `heal`, which
 * refuses it. `delayed`: it happens once there is a `heal`.
 * @publicApi
 */
export type Fault = 'refused' | 'unanswered' | 'hanging' | 'delayed';

/**
 * The calls that can go wrong: all that ask the storage for something.
 * @publicApi
 */
export type FaultyCall = Exclude<keyof Storage, 'name' | 'capabilities' | 'open' | 'close' | 'subscribe'>;

interface Trouble {
  readonly fault: Fault;
  readonly calls: readonly FaultyCall[] | undefined;
  left: number;
}

/**
 * A storage that works until it is told to break, in the ways that networks and servers break. Signals are not
 * passed on while everything hangs or is refused.
 * @publicApi
 */
export class FaultyStorage extends Storage {
  readonly #inner: Storage;
  readonly #waiting = new Set<() => void>();
  #trouble: Trouble | undefined;

  constructor(inner: Storage) {
    super();
    this.#inner = inner;
  }

  get name() {
    return this.#inner.name;
  }

  get capabilities() {
    return this.#inner.capabilities;
  }

  /**
   * From now on the calls named, or all, go wrong in this way: the next `times` of them, or all until `heal`.
   * Replaces what was told before.
   */
  break(fault: Fault, calls?: readonly FaultyCall[], times = Infinity): void {
    this.#trouble = { fault, calls, left: times };
  }

  /** All is well again. Calls that hang are refused, for their connection is gone; those delayed go through. */
  heal(): void {
    this.#trouble = undefined;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Calls that hang or are delayed now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  open = () => this.#inner.open();
  close = () => this.#inner.close();
  now = () => this.#call('now', () => this.#inner.now());
  push = (jobs: readonly NewJob[], transaction?: unknown) =>
    this.#call('push', () => this.#inner.push(jobs, transaction));
  pop = (request: PopRequest) => this.#call('pop', () => this.#inner.pop(request));
  complete = (ends: readonly Completion[], next?: PopRequest, transaction?: unknown) =>
    this.#call('complete', () => this.#inner.complete(ends, next, transaction));
  release = (leases: readonly Lease[]) => this.#call('release', () => this.#inner.release(leases));
  heartbeat = (beat: Beat) => this.#call('heartbeat', () => this.#inner.heartbeat(beat));
  progress = (reports: readonly ProgressReport[]) =>
    this.#call('progress', () => this.#inner.progress(reports));
  rescue = (limit: number, maxStalls: number) =>
    this.#call('rescue', () => this.#inner.rescue(limit, maxStalls));
  leave = (runner: string) => this.#call('leave', () => this.#inner.leave(runner));
  info = (ids: readonly string[]) => this.#call('info', () => this.#inner.info(ids));
  list = (query: JobQuery) => this.#call('list', () => this.#inner.list(query));
  stats = () => this.#call('stats', () => this.#inner.stats());
  runners = () => this.#call('runners', () => this.#inner.runners());
  cancel = (ids: readonly string[], reason: string) =>
    this.#call('cancel', () => this.#inner.cancel(ids, reason));
  retry = (ids: readonly string[], options?: RetryOptions) =>
    this.#call('retry', () => this.#inner.retry(ids, options));
  remove = (ids: readonly string[]) => this.#call('remove', () => this.#inner.remove(ids));
  change = (ids: readonly string[], change: JobChange) =>
    this.#call('change', () => this.#inner.change(ids, change));
  pause = (queue: string, reason: string, group?: string) =>
    this.#call('pause', () => this.#inner.pause(queue, reason, group));
  resume = (queue: string, group?: string) => this.#call('resume', () => this.#inner.resume(queue, group));
  override group(queue: string, group: string) {
    return this.#call('group', () => this.#inner.group(queue, group));
  }
  override limit(queue: string, limits?: QueueLimits) {
    return this.#call('limit', () => this.#inner.limit(queue, limits));
  }
  prune = (limit: number) => this.#call('prune', () => this.#inner.prune(limit));
  putSchedules = (schedules: readonly NewSchedule[]) =>
    this.#call('putSchedules', () => this.#inner.putSchedules(schedules));
  schedules = (keys?: readonly string[]) => this.#call('schedules', () => this.#inner.schedules(keys));
  removeSchedules = (keys: readonly string[]) =>
    this.#call('removeSchedules', () => this.#inner.removeSchedules(keys));
  dueSchedules = (limit: number) => this.#call('dueSchedules', () => this.#inner.dueSchedules(limit));
  fire = (firings: readonly Firing[]) => this.#call('fire', () => this.#inner.fire(firings));

  subscribe(listener: SignalListener) {
    return this.#inner.subscribe((signal) => {
      if (this.#trouble === undefined || this.#trouble.calls !== undefined) listener(signal);
    });
  }

  async #call<T>(call: FaultyCall, send: () => Promise<T>): Promise<T> {
    const fault = this.#faultOf(call);
    if (fault === undefined) return send();
    if (fault === 'unanswered') await send();
    if (fault === 'hanging' || fault === 'delayed') {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    if (fault === 'delayed') return send();
    throw new StorageUnavailableError(`The ${this.name} storage was told to break: ${call} ${fault}`);
  }

  #faultOf(call: FaultyCall): Fault | undefined {
    const trouble = this.#trouble;
    if (trouble === undefined || (trouble.calls && !trouble.calls.includes(call))) return undefined;
    trouble.left -= 1;
    if (trouble.left <= 0) this.#trouble = undefined;
    return trouble.fault;
  }
}
