import {
  checkChange,
  checkPush,
  checkSupported,
  refuseTransaction,
  SignalHub,
  Storage,
  StorageClosedError,
  StorageOpenError,
  StorageUnavailableError,
  systemClock,
  type Beat,
  type Clock,
  type Completion,
  type Firing,
  type JobChange,
  type JobQuery,
  type Lease,
  type NewJob,
  type NewSchedule,
  type PopRequest,
  type ProgressReport,
  type RetryOptions,
  type SignalListener,
} from 'nestjs-background-jobs/core';
import { beat, liveRunners, report } from './beating.js';
import { pop } from './claiming.js';
import { Contents } from './contents.js';
import { JsonFile } from './json-file.js';
import { list, stats } from './looking.js';
import { cancel, change, prune, remove, retry } from './operating.js';
import { push } from './pushing.js';
import { dueSchedules, fire, putSchedule, schedulesOf } from './scheduling.js';
import { complete, release, rescue } from './settling.js';
import { visibleRecord, without } from './stored-job.js';

export interface FileStorageOptions {
  readonly path: string;
  /** Whether each write waits for the disk. Without it a power cut can take the last moments. @default true */
  readonly flush?: boolean;
  readonly clock?: Clock;
}

/**
 * Keeps all jobs of one process in one JSON file: for a handful of jobs, and to read. Each step is made in memory and
 * answered once the file has it. It writes the whole file each time, and a second process must not open it.
 */
export class FileStorage extends Storage {
  readonly name = 'file';
  readonly capabilities = {
    ...{ durable: true, shared: false, signals: true, transactions: false, groups: false },
    ...{ limits: false, expiry: false, order: false, replacing: false, flows: false },
  };
  readonly #file: JsonFile;
  readonly #clock: Clock;
  readonly #hub = new SignalHub();
  #contents: Contents | undefined;
  #opening: Promise<void> | undefined;
  #time = 0;

  constructor({ path, flush = true, clock = systemClock }: FileStorageOptions) {
    super();
    this.#file = new JsonFile(path, flush);
    this.#clock = clock;
  }

  async open() {
    await (this.#opening ??= this.#load());
  }

  async close() {
    this.#contents = undefined;
    this.#opening = undefined;
    await this.#file.settled();
  }

  /** Resolves when nothing is being written: a test must not move its time past what it set off. */
  settled() {
    return this.#file.settled();
  }

  async now() {
    return this.#read((_, now) => now);
  }

  subscribe(listener: SignalListener) {
    return this.#hub.subscribe(listener);
  }

  async push(jobs: readonly NewJob[], transaction?: undefined) {
    refuseTransaction(transaction, this.name);
    checkPush(jobs, this);
    const pushed = await this.#write((on, now) => jobs.map((job) => push(on, job, now)));
    this.#hub.emit({ kind: 'ready', queues: jobs.map(({ queue }) => queue) });
    return pushed;
  }

  async pop(request: PopRequest) {
    return this.#write((on, now) => pop(on, request, now));
  }

  async complete(completions: readonly Completion[], next?: PopRequest, transaction?: undefined) {
    refuseTransaction(transaction, this.name);
    const completed = await this.#write((on, now) => {
      const results = completions.map((completion) => complete(on, completion, now));
      return next === undefined ? { results } : { results, popped: pop(on, next, now) };
    });
    if (completions.some(({ settlement }) => !('keep' in settlement))) this.#hub.emit({ kind: 'ready' });
    return completed;
  }

  async release(leases: readonly Lease[]) {
    const results = await this.#write((on, now) => leases.map((lease) => release(on, lease, now)));
    this.#hub.emit({ kind: 'ready' });
    return results;
  }

  async heartbeat(sign: Beat) {
    return this.#write((on, now) => beat(on, sign, now));
  }

  async progress(reports: readonly ProgressReport[]) {
    return this.#write((on) => reports.forEach((each) => report(on, each)));
  }

  async rescue(limit: number, maxStalls: number) {
    const rescued = await this.#write((on, now) => rescue(on, limit, maxStalls, now));
    if (rescued.length > 0) this.#hub.emit({ kind: 'ready' });
    return rescued;
  }

  async leave(runner: string) {
    return this.#write((on) => void on.runners.delete(runner));
  }

  async info(ids: readonly string[]) {
    return this.#read((on, now) =>
      ids.map((id) => on.jobs.get(id)).map((job) => job && visibleRecord(job, now)),
    );
  }

  async list(query: JobQuery) {
    return this.#read((on, now) => list(on, query, now));
  }

  async stats() {
    return this.#read((on, now) => stats(on, now));
  }

  async runners() {
    return this.#read((on, now) => liveRunners(on, now));
  }

  async cancel(ids: readonly string[], reason: string) {
    const results = await this.#write((on, now) => ids.map((id) => cancel(on, id, reason, now)));
    if (results.includes('requested')) this.#hub.emit({ kind: 'cancel' });
    return results;
  }

  async retry(ids: readonly string[], options: RetryOptions = {}) {
    const results = await this.#write((on, now) => ids.map((id) => retry(on, id, options, now)));
    this.#hub.emit({ kind: 'ready' });
    return results;
  }

  async remove(ids: readonly string[]) {
    return this.#write((on) => ids.map((id) => remove(on, id)));
  }

  async change(ids: readonly string[], changed: JobChange) {
    checkChange(changed);
    const results = await this.#write((on, now) => ids.map((id) => change(on, id, changed, now)));
    this.#hub.emit({ kind: 'ready' });
    return results;
  }

  async pause(queue: string, reason: string, group?: string) {
    // Throws: it has no groups.
    if (group !== undefined) await this.group(queue, group);
    const paused = (at: number) => ({ at, reason });
    return this.#write((on, now) => on.changeQueue(queue, (each) => ({ ...each, paused: paused(now) })));
  }

  async resume(queue: string, group?: string) {
    if (group !== undefined) await this.group(queue, group);
    await this.#write((on) => on.changeQueue(queue, (each) => without(each, 'paused')));
    this.#hub.emit({ kind: 'ready', queues: [queue] });
  }

  async prune(limit: number) {
    return this.#write((on, now) => prune(on, limit, now));
  }

  async putSchedules(schedules: readonly NewSchedule[]) {
    checkSupported(
      schedules.map(({ template }) => template),
      this,
    );
    await this.#write((on, now) => schedules.forEach((schedule) => putSchedule(on, schedule, now)));
    this.#hub.emit({ kind: 'schedule' });
  }

  async schedules(keys?: readonly string[]) {
    return this.#read((on) => schedulesOf(on, keys));
  }

  async removeSchedules(keys: readonly string[]) {
    const results = await this.#write((on) => keys.map((key) => on.schedules.delete(key)));
    this.#hub.emit({ kind: 'schedule' });
    return results;
  }

  async dueSchedules(limit: number) {
    return this.#read((on, now) => dueSchedules(on, limit, now));
  }

  async fire(firings: readonly Firing[]) {
    for (const { jobs } of firings) checkSupported(jobs, this);
    const fired = await this.#write((on, now) => firings.map((firing) => fire(on, firing, now)));
    this.#hub.emit({ kind: 'ready' });
    if (firings.some(({ nextAt, expected }) => nextAt < expected)) this.#hub.emit({ kind: 'schedule' });
    return fired;
  }

  async #load(): Promise<void> {
    try {
      const text = await this.#file.read();
      this.#contents = text === undefined ? new Contents(this.#tick()) : Contents.fromText(text);
    } catch (error) {
      this.#opening = undefined;
      throw new StorageOpenError('The file storage cannot read its file', { cause: error });
    }
  }

  /** Whoever reads is in the process that wrote: no crash can take from it alone what it has seen. */
  #read<Result>(step: (contents: Contents, now: number) => Result): Result {
    if (this.#contents === undefined) {
      throw new StorageClosedError('The file storage is not open. Call open() first');
    }
    return step(this.#contents, this.#tick());
  }

  // Steps are synchronous, so that none sees another one half done. One whose write failed stands in memory and is
  // written with the next; whoever made it was told that nobody knows, and asks again.
  async #write<Result>(step: (contents: Contents, now: number) => Result): Promise<Result> {
    const contents = this.#contents;
    const result = this.#read(step);
    try {
      await this.#file.write(() => contents?.toText() ?? '');
    } catch (error) {
      throw new StorageUnavailableError('The file storage cannot write its file', { cause: error });
    }
    return result;
  }

  /** The time, which never goes back: leases and the order of jobs rest on that. */
  #tick(): number {
    return (this.#time = Math.max(this.#time, Math.floor(this.#clock.now())));
  }
}
