import { sleep, systemChance, systemClock, type Clock } from '../../core/clock.js';
import { StorageClosedError } from '../../core/errors.js';
import type { Lease } from '../../core/job.js';
import type { Beat, Completion, PopRequest, ProgressReport } from '../../storage/claims.js';
import type { JobChange, JobQuery, QueueLimits, RetryOptions } from '../../storage/inspection.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Firing, NewSchedule } from '../../storage/schedules.js';
import { SignalHub, type SignalListener } from '../../storage/signal.js';
import { Storage } from '../../storage/storage.js';
import { checkChange, checkPush, checkSupported } from '../../storage/supported.js';
import { Announcing } from './signals/announcing.js';
import { Connections } from './connection/connections.js';
import { Database } from './connection/database.js';
import { Listening } from './signals/listening.js';
import { checkSchema, migrate, migrationSql } from './schema/migrate.js';
import { PostgresContents } from './postgres-contents.js';
import { translate } from './connection/postgres-errors.js';
import { checkOptions, configOf, type PostgresStorageOptions } from './postgres-options.js';
import { runnerTable } from './runner-table.js';
import type { PostgresTransaction } from './transaction/join-transaction.js';

const CLOSE_WITHIN = 2_000;
/** Steps of a migration may take their time. Milliseconds. */
const MIGRATED_WITHIN = 600_000;

const NOW = `select jobs.clock_1() as now`;

interface Open {
  readonly contents: PostgresContents;
  /** Undefined behind a pooler that shares connections: nobody can listen through it. */
  readonly listening: Listening | undefined;
}

/**
 * Keeps jobs in a schema of a PostgreSQL database, 13 or newer, for any number of processes on any number of machines.
 * All times are those of the server.
 * @publicApi
 */
export class PostgresStorage extends Storage {
  readonly name = 'postgres';
  readonly capabilities;
  readonly #options: PostgresStorageOptions;
  readonly #schema: string;
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #hub = new SignalHub();
  readonly #announcing = new Announcing(this.#hub);
  readonly #underWay = new Set<Promise<unknown>>();
  #opening: Promise<void> | undefined;
  #open: Open | undefined;

  constructor(options: PostgresStorageOptions) {
    super();
    checkOptions(options);
    this.#options = options;
    this.#schema = options.schema ?? 'jobs';
    this.#clock = options.clock ?? systemClock;
    this.#connections = new Connections(configOf(options));
    this.capabilities = {
      ...{ durable: true, shared: true, signals: options.prepare ?? true },
      ...{ transactions: true, groups: true, limits: true, expiry: true },
      ...{ order: true, replacing: true, flows: true },
    };
  }

  /** Makes the schema or brings it up to date, without opening the storage. Any number of processes may do so at once. */
  async migrate(): Promise<void> {
    await this.#onOneConnection((client) => migrate(client, this.#schema));
  }

  /**
   * The statements that `migrate` would run on a schema of that version, for those who migrate by hand. Empty when
   * there is nothing to do. `from`: how many steps the schema has taken. @default 0, where there is no schema
   */
  migrationSql(from = 0): string {
    return migrationSql(this.#schema, from);
  }

  open() {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw translate(error);
    });
    return this.#opening;
  }

  async close() {
    await this.#opening?.catch(() => {});
    const open = this.#open;
    this.#open = undefined;
    this.#opening = undefined;
    if (open === undefined) return;
    this.#announcing.connect(undefined);
    const { contents, listening } = open;
    contents.commits.close();
    const done = new AbortController();
    const late = sleep(this.#clock, CLOSE_WITHIN, done.signal);
    const ended = Promise.allSettled(this.#underWay).then(() =>
      Promise.all([listening?.close(), contents.runners.close(), contents.callers.close()]),
    );
    await Promise.race([ended, late]);
    // A timer left behind would keep the process alive after all is closed.
    done.abort();
    contents.runners.abandon();
    contents.callers.abandon();
  }

  now() {
    return this.#run(async ({ callers }) => (await callers.rows(NOW))[0]?.now as number);
  }

  subscribe(listener: SignalListener) {
    const stop = this.#hub.subscribe(listener);
    this.#open?.listening?.listen();
    return stop;
  }

  async push(jobs: readonly NewJob[], transaction?: PostgresTransaction) {
    checkPush(jobs, this);
    return this.#run(async (contents) => {
      if (jobs.length === 0) return [];
      if (transaction !== undefined) return contents.joining.push(jobs, transaction);
      return contents.gathering.push(jobs);
    });
  }

  pop(request: PopRequest) {
    return this.#run(({ claiming }) => claiming.pop(request));
  }

  complete(completions: readonly Completion[], next?: PopRequest, transaction?: PostgresTransaction) {
    return this.#run(({ settling, joining }) =>
      transaction === undefined
        ? settling.complete(completions, next)
        : joining.complete(completions, transaction),
    );
  }

  release(leases: readonly Lease[]) {
    return this.#run(({ settling }) => settling.release(leases));
  }

  heartbeat(beat: Beat) {
    return this.#run(({ runners }) => runnerTable.beat(runners, beat));
  }

  progress(reports: readonly ProgressReport[]) {
    return this.#run(({ runners }) => runnerTable.progress(runners, reports));
  }

  rescue(limit: number, maxStalls: number) {
    return this.#run(({ rescuing }) => rescuing.rescue(limit, maxStalls));
  }

  leave(runner: string) {
    return this.#run(({ runners }) => runnerTable.leave(runners, runner));
  }

  info(ids: readonly string[]) {
    return this.#run(({ looking }) => looking.info(ids));
  }

  list(query: JobQuery) {
    return this.#run(({ looking }) => looking.list(query));
  }

  stats() {
    return this.#run(({ looking }) => looking.stats());
  }

  runners() {
    return this.#run(({ callers }) => runnerTable.live(callers));
  }

  cancel(ids: readonly string[], reason: string) {
    return this.#run(({ operating }) => operating.cancel(ids, reason));
  }

  retry(ids: readonly string[], options?: RetryOptions) {
    return this.#run(({ requeueing }) => requeueing.retry(ids, options));
  }

  remove(ids: readonly string[]) {
    return this.#run(({ operating }) => operating.remove(ids));
  }

  async change(ids: readonly string[], change: JobChange) {
    checkChange(change);
    return this.#run(({ requeueing }) => requeueing.change(ids, change));
  }

  pause(queue: string, reason: string, group?: string) {
    return this.#run(({ operating, groups }) =>
      group === undefined ? operating.pause(queue, reason) : groups.pause({ queue, group }, reason),
    );
  }

  resume(queue: string, group?: string) {
    return this.#run(({ operating, groups }) =>
      group === undefined ? operating.resume(queue) : groups.resume({ queue, group }),
    );
  }

  override group(queue: string, group: string) {
    return this.#run(({ groups }) => groups.stats({ queue, group }));
  }

  override limit(queue: string, limits?: QueueLimits) {
    return this.#run(({ groups }) => groups.limit(queue, limits));
  }

  prune(limit: number) {
    return this.#run(async ({ operating, groups }) => {
      await groups.prune(limit);
      return operating.prune(limit);
    });
  }

  async putSchedules(schedules: readonly NewSchedule[]) {
    checkSupported(
      schedules.map(({ template }) => template),
      this,
    );
    return this.#run((contents) => contents.schedules.put(schedules));
  }

  schedules(keys?: readonly string[]) {
    return this.#run((contents) => contents.schedules.all(keys));
  }

  removeSchedules(keys: readonly string[]) {
    return this.#run((contents) => contents.schedules.remove(keys));
  }

  dueSchedules(limit: number) {
    return this.#run((contents) => contents.schedules.due(limit));
  }

  async fire(firings: readonly Firing[]) {
    for (const { jobs } of firings) checkSupported(jobs, this);
    return this.#run((contents) => contents.schedules.fire(firings));
  }

  async #connect(): Promise<void> {
    const shouldMigrate = this.#options.migrate ?? true;
    await this.#onOneConnection((client) => (shouldMigrate ? migrate : checkSchema)(client, this.#schema));
    const { prepare = true, connections = 2 } = this.#options;
    const common = { schema: this.#schema, prepare, clock: this.#clock, chance: systemChance };
    const runners = new Database({ ...common, pool: await this.#connections.pool(connections) });
    const callers = new Database({ ...common, pool: await this.#connections.pool(connections) });
    const contents = new PostgresContents({
      ...{ runners, callers, announcing: this.#announcing, schema: this.#schema },
      ...{ clock: this.#clock, chance: systemChance },
    });
    await contents.lanes.refresh(callers);
    const listening = prepare ? this.#listening() : undefined;
    this.#open = { contents, listening };
    this.#announcing.connect(listening && ((news) => listening.tell(news)));
    if (this.#hub.isHeard) listening?.listen();
  }

  #listening(): Listening {
    return new Listening({
      ...{ connections: this.#connections, schema: this.#schema, hub: this.#hub },
      ...{ announcing: this.#announcing, clock: this.#clock, chance: systemChance },
    });
  }

  async #onOneConnection(
    work: (client: Awaited<ReturnType<Connections['client']>>) => Promise<void>,
  ): Promise<void> {
    const client = await this.#connections.client(MIGRATED_WITHIN).catch((error: unknown) => {
      throw translate(error);
    });
    try {
      await work(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Closing waits for what is under way. */
  async #run<Result>(work: (contents: PostgresContents) => Promise<Result>): Promise<Result> {
    if (this.#open === undefined) throw new StorageClosedError('The PostgreSQL storage is not open');
    const running = work(this.#open.contents);
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }
}
