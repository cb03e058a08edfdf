import { StorageClosedError } from '../../core/errors.js';
import type { Lease } from '../../core/job.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../../storage/inspection.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Firing, NewSchedule } from '../../storage/schedules.js';
import { SignalHub, type SignalListener } from '../../storage/signal.js';
import { StorageTime } from '../../storage/storage-time.js';
import { Storage } from '../../storage/storage.js';
import { checkChange, checkPush, checkSupported, refuseTransaction } from '../../storage/supported.js';
import { LISTENING, makeClient } from './connection/redis-client.js';
import type { RedisContents } from './redis-contents.js';
import { RedisSession } from './redis-session.js';
import { checkOptions, type RedisStorageOptions } from './redis-storage-options.js';

/**
 * Keeps jobs in Redis 6.2 or later, or Valkey, for any number of processes and machines. What a restart of the server
 * keeps is for its persistence to say: `open` warns where there is no append-only file, and refuses a server that may
 * drop keys when memory is short. Warnings are those of `process.on('warning')`.
 *
 * A push of any size is one script, and so is stored wholly or not at all; while it runs, the server does nothing
 * else: some milliseconds for a thousand jobs.
 * @publicApi
 */
export class RedisStorage extends Storage {
  readonly name = 'redis';
  readonly capabilities = {
    ...{ durable: true, shared: true, signals: true },
    ...{ transactions: false, groups: true, limits: true, expiry: true },
    ...{ order: true, replacing: true, flows: true },
  };
  readonly #options: RedisStorageOptions;
  readonly #time: () => string;
  readonly #hub = new SignalHub();
  #opening: Promise<void> | undefined;
  #open: RedisSession | undefined;
  #newest = 0;

  constructor(options: RedisStorageOptions) {
    super();
    checkOptions(options);
    this.#options = options;
    const time = options.clock && new StorageTime(options.clock);
    this.#time = () => (time === undefined ? '' : String(time.now()));
  }

  open() {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close() {
    await this.#opening?.catch(() => {});
    const open = this.#open;
    this.#open = undefined;
    this.#opening = undefined;
    await open?.close();
  }

  async now() {
    // The server's clock may be set back; what was told stays true.
    return (this.#newest = Math.max(this.#newest, await this.#session().now()));
  }

  subscribe(listener: SignalListener) {
    this.#open?.listen();
    return this.#hub.subscribe(listener);
  }

  async push(jobs: readonly NewJob[], transaction?: undefined) {
    refuseTransaction(transaction, this.name);
    checkPush(jobs, this);
    const pushed = await this.#session().contents.gathering.push(jobs);
    const queues = new Set<string>();
    for (const [nth, { queue }] of jobs.entries()) if (!pushed[nth]?.duplicate) queues.add(queue);
    // One that took something over may stand in another queue than the job that brought it.
    if (pushed.some(({ replaced }) => replaced)) this.#hub.emit({ kind: 'ready' });
    else if (queues.size > 0) this.#hub.emit({ kind: 'ready', queues: [...queues] });
    return pushed;
  }

  async pop(request: PopRequest) {
    return this.#contents().claiming.pop(request);
  }

  async complete(completions: readonly Completion[], next?: PopRequest, transaction?: undefined) {
    refuseTransaction(transaction, this.name);
    if (completions.length === 0 && next === undefined) {
      this.#session();
      return { results: [] };
    }
    const completed = await this.#contents().settling.completeAll(completions, next);
    if (completions.some(({ settlement }) => !('keep' in settlement))) this.#hub.emit({ kind: 'ready' });
    return completed;
  }

  async release(leases: readonly Lease[]) {
    const recorded = await this.#contents().settling.release(leases);
    if (recorded.includes('recorded')) this.#hub.emit({ kind: 'ready' });
    return recorded;
  }

  async heartbeat(beat: Beat) {
    return this.#contents().runners.beat(beat);
  }

  async progress(reports: readonly ProgressReport[]) {
    return this.#contents().runners.progress(reports);
  }

  async rescue(limit: number, maxStalls: number) {
    const rescued = await this.#contents().settling.rescue(limit, maxStalls);
    const queues = rescued.filter(({ state }) => state === 'ready').map(({ queue }) => queue);
    if (queues.length > 0) this.#hub.emit({ kind: 'ready', queues: [...new Set(queues)] });
    return rescued;
  }

  async leave(runner: string) {
    return this.#contents().runners.leave(runner);
  }

  async info(ids: readonly string[]) {
    return this.#contents().looking.info(ids);
  }

  async list(query: JobQuery) {
    return this.#contents().looking.list(query);
  }

  async stats() {
    return this.#contents().looking.stats();
  }

  async runners() {
    return this.#contents().runners.live();
  }

  async cancel(ids: readonly string[], reason: string) {
    const results = await this.#contents().operating.cancel(ids, reason);
    if (results.includes('requested')) this.#hub.emit({ kind: 'cancel' });
    return results;
  }

  async retry(ids: readonly string[], options: RetryOptions = {}) {
    return this.#tellReady(await this.#contents().operating.retry(ids, options), options.queue);
  }

  async remove(ids: readonly string[]) {
    return this.#contents().operating.remove(ids);
  }

  async change(ids: readonly string[], change: JobChange) {
    checkChange(change);
    return this.#tellReady(await this.#contents().operating.change(ids, change), change.queue);
  }

  async pause(queue: string, reason: string, group?: string) {
    const { operating, governing } = this.#contents();
    return group === undefined ? operating.pause(queue, reason) : governing.pause(queue, group, reason);
  }

  async resume(queue: string, group?: string) {
    const { operating, governing } = this.#contents();
    await (group === undefined ? operating.resume(queue) : governing.resume(queue, group));
    this.#hub.emit({ kind: 'ready', queues: [queue] });
  }

  override async limit(queue: string, limits?: QueueLimits) {
    await this.#contents().governing.limit(queue, limits);
    this.#hub.emit({ kind: 'ready', queues: [queue] });
  }

  override async group(queue: string, group: string) {
    return this.#contents().governing.group(queue, group);
  }

  async prune(limit: number) {
    return this.#contents().operating.prune(limit);
  }

  async putSchedules(schedules: readonly NewSchedule[]) {
    checkSupported(
      schedules.map(({ template }) => template),
      this,
    );
    await this.#contents().schedules.put(schedules);
    this.#hub.emit({ kind: 'schedule' });
  }

  async schedules(keys?: readonly string[]) {
    return this.#contents().schedules.all(keys);
  }

  async removeSchedules(keys: readonly string[]) {
    const removed = await this.#contents().schedules.remove(keys);
    if (removed.includes(true)) this.#hub.emit({ kind: 'schedule' });
    return removed;
  }

  async dueSchedules(limit: number) {
    return this.#contents().schedules.due(limit);
  }

  async fire(firings: readonly Firing[]) {
    for (const { jobs } of firings) checkSupported(jobs, this);
    const fired = await this.#contents().schedules.fire(firings);
    const jobs = firings.flatMap((firing, nth) => (fired[nth] ? firing.jobs : []));
    if (jobs.length > 0)
      this.#hub.emit({ kind: 'ready', queues: [...new Set(jobs.map(({ queue }) => queue))] });
    const isNearer = firings.some(({ nextAt, expected }, nth) => fired[nth] === true && nextAt < expected);
    if (isNearer) this.#hub.emit({ kind: 'schedule' });
    return fired;
  }

  async #connect(): Promise<void> {
    const options = this.#options;
    const isOwn = 'url' in options;
    const session = new RedisSession({
      client: isOwn ? await makeClient(options.url) : options.client,
      isOwn,
      makeListener: async () =>
        isOwn ? makeClient(options.url, LISTENING) : options.client.duplicate(LISTENING),
      prefix: options.prefix ?? 'jobs',
      time: this.#time,
      hub: this.#hub,
    });
    try {
      await session.open();
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#open = session;
    if (this.#hub.isHeard) session.listen();
  }

  #tellReady(results: readonly boolean[], queue?: string): readonly boolean[] {
    const queues = queue === undefined ? {} : { queues: [queue] };
    if (results.includes(true)) this.#hub.emit({ kind: 'ready', ...queues });
    return results;
  }

  /** What was pushed before goes out first. */
  #contents(): RedisContents {
    const { contents } = this.#session();
    contents.gathering.end();
    return contents;
  }

  #session(): RedisSession {
    if (this.#open) return this.#open;
    throw new StorageClosedError('The Redis storage is not open');
  }
}
