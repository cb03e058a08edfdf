import type { JobRecord } from '../core/job.js';
import { checkKnownOptions } from '../core/known-options.js';
import { checkName } from '../core/name.js';
import type { GroupStats } from '../storage/inspection.js';
import type { Storage } from '../storage/storage.js';
import { actOnAll, checkDryRun, parseStartAgain, tryOnAll } from './inspect/bulk-action.js';
import type {
  BulkOptions,
  BulkSummary,
  CancelOptions,
  DryRun,
  DryRunOptions,
  StartAgainOptions,
} from './inspect/bulk-action.js';
import { explain, type Explanation } from './inspect/explanation.js';
import { toGroupSummary, type GroupSummary } from './inspect/group-summary.js';
import { actOn, cancelling, checkIds, changing, PROMOTE, REMOVE, retrying } from './inspect/job-action.js';
import type { ActionResult, JobAction } from './inspect/job-action.js';
import { parseFilter, type JobFilter } from './inspect/job-filter.js';
import { toJobInfo, type JobInfo } from './inspect/job-info.js';
import { countUpTo, eachOf } from './inspect/job-listing.js';
import { pageOf } from './inspect/job-pages.js';
import type { CountOptions, JobCount, JobInfoPage, PageOptions } from './inspect/job-listing.js';
import { checkPriority } from '../storage/priority.js';
import { parentsFirst } from './inspect/parents-first.js';
import { parseRedact, redacted } from './inspect/redaction.js';
import { previewRedrive, redriveAll } from './inspect/redrive.js';
import type { RedriveDryRunOptions, RedriveOptions, RedrivePreview } from './inspect/redrive.js';
import { isBounded, parseQueueLimits, type QueueLimitsOptions } from './inspect/queue-limits-options.js';
import { toQueueSummary, type QueueSummary } from './inspect/queue-summary.js';
import { toRunnerSummary, type RunnersOptions, type RunnerSummary } from './inspect/runner-summary.js';
import { ScheduleControl } from './schedule-control.js';

const IDS_AT_ONCE = 500;
const RUNNING_AT_MOST = 1_000;

/** One job, or many, by id. @publicApi */
export type JobIds = string | readonly string[];

/** Options of a `JobInspector`. @publicApi */
export interface JobInspectorOptions {
  /** One that knows which schedules the job classes of this process declare. @default one that knows of none */
  readonly schedules?: ScheduleControl;
  /**
   * Names of fields that are not shown, wherever they stand in payload, `meta`, progress and results, upper and lower case alike;
   * nor are they found by a search for `text`. Error messages are shown as they are. @default []
   */
  readonly redact?: readonly string[];
}

type Options = BulkOptions | DryRunOptions;
type Answer = readonly ActionResult[] | BulkSummary | DryRun;

/**
 * What an operator does: look at jobs, queues and runners, and act on them.
 *
 * Each act takes ids, and then resolves with what became of each, in their order; or a filter, and then acts on all
 * that match, batch by batch. By filter no job is taken twice, and jobs that arrive after the call are left alone; with
 * `dryRun` nothing is changed. A job may change between being found and being acted on: an act that its state no longer
 * allows is refused, any other is done.
 *
 * Everything throws `InvalidOptionError` before anything is touched, and `StorageUnavailableError` when the storage does
 * not answer: some may then be done, and asking again is safe.
 * @publicApi
 */
export class JobInspector {
  /** Looks at the schedules, and pauses, triggers and removes them. */
  readonly schedules: ScheduleControl;
  readonly #storage: Storage;

  /** Without Nest: the storage must be open. */
  constructor(storage: Storage, options: JobInspectorOptions = {}) {
    checkKnownOptions(options, ['schedules', 'redact'], 'JobInspector');
    this.#storage = redacted(storage, parseRedact(options.redact ?? []));
    this.schedules = options.schedules ?? new ScheduleControl(storage);
  }

  // Looking

  /** What the storage knows of a job; `undefined` when it is unknown or its record was not kept. */
  async info(id: string): Promise<JobInfo | undefined> {
    const [record] = await this.#storage.info([id]);
    return record && toJobInfo(record);
  }

  /** One page of the jobs that match, the newest first. Without a filter: of all. */
  async list(filter: JobFilter = {}, options: PageOptions = {}): Promise<JobInfoPage> {
    checkKnownOptions(options, ['limit', 'cursor'], 'list()');
    const { limit = 50, cursor } = options;
    const page = await pageOf(this.#storage, parseFilter(filter, 'list()'), limit, cursor);
    return { ...page, jobs: page.jobs.map(toJobInfo) };
  }

  /** Every job that matches, the newest first, read page by page; never one twice, none that arrives meanwhile. */
  each(filter: JobFilter = {}): AsyncGenerator<JobInfo, void, void> {
    return eachOf(this.#storage, parseFilter(filter, 'each()'));
  }

  /** How many jobs match, counted up to a bound: looking at them all could take minutes. */
  async count(filter: JobFilter = {}, options: CountOptions = {}): Promise<JobCount> {
    return countUpTo(this.#storage, parseFilter(filter, 'count()'), options);
  }

  /** Why a job does not run, or what it does instead. Counts the queues for it: for a person's question, not a loop's. */
  async explain(id: string): Promise<Explanation> {
    // The record last: what it waits for was so before, rather than being over by now.
    const [queues, runners] = await Promise.all([this.#storage.stats(), this.#storage.runners()]);
    const [[record], now] = await Promise.all([this.#storage.info([id]), this.#storage.now()]);
    return explain(id, record, { now, queues, runners, group: await this.#groupOf(record) });
  }

  /** One group of a queue; `undefined` when none of its jobs waits or runs and it is not paused. */
  async group(queue: string, group: string): Promise<GroupSummary | undefined> {
    const stats = await this.#storage.group(
      checkName(queue, 'group(): the queue'),
      checkName(group, 'group(): the group'),
    );
    return stats && toGroupSummary(stats);
  }

  /** Every known queue in numbers, by name; whether it is paused, its limits, and what ended of late. */
  async queues(): Promise<readonly QueueSummary[]> {
    const [now, stats] = await Promise.all([this.#storage.now(), this.#storage.stats()]);
    return stats.map((queue) => toQueueSummary(queue, now));
  }

  /** The live runners, the oldest first. One that was killed is among them until nothing was heard of it for a lease. */
  async runners(options: RunnersOptions = {}): Promise<readonly RunnerSummary[]> {
    checkKnownOptions(options, ['withJobs'], 'runners()');
    const runners = (await this.#storage.runners()).toSorted((a, b) => a.startedAt - b.startedAt);
    if (options.withJobs !== true) return runners.map((runner) => toRunnerSummary(runner));
    const { jobs } = await this.list({ state: 'running' }, { limit: RUNNING_AT_MOST });
    return runners.map((runner) => toRunnerSummary(runner, jobs));
  }

  // Acting on jobs

  /** Starts dead or cancelled jobs again, their counters at zero. A filter needs one of these states. */
  retry(ids: JobIds, options?: StartAgainOptions): Promise<readonly ActionResult[]>;
  /** Tells which jobs would start again. */
  retry(filter: JobFilter, options: DryRunOptions & StartAgainOptions): Promise<DryRun>;
  /** Starts all dead or cancelled jobs that match again. The filter needs one of these states. */
  retry(filter: JobFilter, options?: BulkOptions & StartAgainOptions): Promise<BulkSummary>;
  async retry(target: JobIds | JobFilter, options: Options & StartAgainOptions = {}): Promise<Answer> {
    const { queue, delay, ...others } = options;
    return this.#act(retrying(parseStartAgain({ queue, delay })), target, others);
  }

  /** Tells which dead jobs would be brought back to work, what they died of, and how long it would take. */
  redrive(filter: JobFilter, options: RedriveDryRunOptions): Promise<RedrivePreview>;
  /**
   * Brings all dead jobs that match back to work, as `retry` does, spread so that they become due at no more than a rate. When
   * workers fall behind, what is due waits like any other job: a bound on starts is the `rate` of a queue
   * (`limitQueue`). A second call, with a cursor too, begins at once again, beside what the first one has spread.
   */
  redrive(filter: JobFilter, options?: RedriveOptions): Promise<BulkSummary>;
  async redrive(
    filter: JobFilter,
    options: RedriveOptions | RedriveDryRunOptions = {},
  ): Promise<BulkSummary | RedrivePreview> {
    checkDryRun(options.dryRun, { verb: 'redrive' });
    return options.dryRun === true
      ? previewRedrive(this.#storage, filter, options)
      : redriveAll(this.#storage, filter, options);
  }

  /**
   * Starts the dead and cancelled jobs of a flow again, what others wait for first: so it goes on where it failed. What completed
   * stays as it is. Resolves with what became of each that was tried.
   */
  async retryFlow(flow: string): Promise<readonly ActionResult[]> {
    const jobs: JobInfo[] = [];
    for await (const job of this.each({ flow: checkName(flow, 'retryFlow(): the flow') })) jobs.push(job);
    const ids = parentsFirst(jobs)
      .filter(({ state }) => state === 'dead' || state === 'cancelled')
      .map(({ id }) => id);
    return this.#act(retrying(), ids) as Promise<readonly ActionResult[]>;
  }

  /** Ends jobs: those that wait at once; those that run are `requested` to, and their signals abort. */
  cancel(ids: JobIds, options?: CancelOptions): Promise<readonly ActionResult[]>;
  /** Tells which jobs would be ended. */
  cancel(filter: JobFilter, options: DryRunOptions & CancelOptions): Promise<DryRun>;
  /** Ends all jobs that match and have not ended, running ones too unless the filter names another state. */
  cancel(filter: JobFilter, options?: BulkOptions & CancelOptions): Promise<BulkSummary>;
  cancel(target: JobIds | JobFilter, options: Options & CancelOptions = {}): Promise<Answer> {
    const { reason = 'cancelled by an operator', ...others } = options;
    return this.#act(cancelling(reason), target, others);
  }

  /** Deletes the records of jobs, waiting ones too; never of one that runs. There is no way back. */
  remove(ids: JobIds): Promise<readonly ActionResult[]>;
  /** Tells which records would be deleted. */
  remove(filter: JobFilter, options: DryRunOptions): Promise<DryRun>;
  /** Deletes the records of all jobs that match. The filter needs a state. */
  remove(filter: JobFilter, options?: BulkOptions): Promise<BulkSummary>;
  remove(target: JobIds | JobFilter, options?: Options): Promise<Answer> {
    return this.#act(REMOVE, target, options);
  }

  /** Makes jobs that are `scheduled` or `retrying` due now. */
  promote(ids: JobIds): Promise<readonly ActionResult[]>;
  /** Tells which jobs would be due. */
  promote(filter: JobFilter, options: DryRunOptions): Promise<DryRun>;
  /** Makes all `scheduled` and `retrying` jobs that match due now. */
  promote(filter: JobFilter, options?: BulkOptions): Promise<BulkSummary>;
  promote(target: JobIds | JobFilter, options?: Options): Promise<Answer> {
    return this.#act(PROMOTE, target, options);
  }

  /** Gives jobs that wait another priority: a whole number, lower runs first. */
  reprioritise(ids: JobIds, priority: number): Promise<readonly ActionResult[]>;
  /** Tells which jobs would get another priority. */
  reprioritise(filter: JobFilter, priority: number, options: DryRunOptions): Promise<DryRun>;
  /** Gives all jobs that match and wait another priority. */
  reprioritise(filter: JobFilter, priority: number, options?: BulkOptions): Promise<BulkSummary>;
  async reprioritise(target: JobIds | JobFilter, priority: number, options?: Options): Promise<Answer> {
    return this.#act(changing('reprioritise', { priority: checkPriority(priority) }), target, options);
  }

  /** Moves jobs that wait to another queue, which need not exist yet. They keep their time and priority. */
  move(ids: JobIds, queue: string): Promise<readonly ActionResult[]>;
  /** Tells which jobs would be moved. */
  move(filter: JobFilter, queue: string, options: DryRunOptions): Promise<DryRun>;
  /** Moves all jobs that match and wait to another queue. */
  move(filter: JobFilter, queue: string, options?: BulkOptions): Promise<BulkSummary>;
  async move(target: JobIds | JobFilter, queue: string, options?: Options): Promise<Answer> {
    return this.#act(changing('move', { queue: checkName(queue, 'move(): the queue') }), target, options);
  }

  // Acting on queues

  /** From now on nobody takes jobs from the queue, which need not exist yet; what runs goes on, and jobs may be queued. */
  async pauseQueue(queue: string, reason = 'paused by an operator'): Promise<void> {
    await this.#storage.pause(checkName(queue, 'pauseQueue(): the queue'), reason);
  }

  /** Ends a pause, if there is one. */
  async resumeQueue(queue: string): Promise<void> {
    await this.#storage.resume(checkName(queue, 'resumeQueue(): the queue'));
  }

  /**
   * Bounds a queue for all processes together, from now on and until it is told otherwise; what runs goes on. `{}` takes the
   * bounds away. A process that has the queue among the module's option `queues` sets them again when it starts.
   */
  async limitQueue(queue: string, limits: QueueLimitsOptions): Promise<void> {
    const parsed = parseQueueLimits(limits, 'limitQueue()');
    checkName(queue, 'limitQueue(): the queue');
    await (isBounded(parsed) ? this.#storage.limit(queue, parsed) : this.#storage.limit(queue));
  }

  /** From now on nobody takes jobs of this group of the queue; other groups go on. */
  async pauseGroup(queue: string, group: string, reason = 'paused by an operator'): Promise<void> {
    checkName(queue, 'pauseGroup(): the queue');
    await this.#storage.pause(queue, reason, checkName(group, 'pauseGroup(): the group'));
  }

  /** Ends the pause of a group, if there is one. */
  async resumeGroup(queue: string, group: string): Promise<void> {
    checkName(queue, 'resumeGroup(): the queue');
    await this.#storage.resume(queue, checkName(group, 'resumeGroup(): the group'));
  }

  async #groupOf(record: JobRecord | undefined): Promise<GroupStats | undefined> {
    if (record?.group === undefined || !this.#storage.capabilities.groups) return undefined;
    return this.#storage.group(record.queue, record.group);
  }

  async #act(action: JobAction, target: JobIds | JobFilter, options: Options = {}): Promise<Answer> {
    checkDryRun(options.dryRun, action);
    if (isFilter(target)) {
      return options.dryRun === true
        ? tryOnAll(this.#storage, action, target, options)
        : actOnAll(this.#storage, action, target, options);
    }
    const ids = typeof target === 'string' ? [target] : target;
    checkIds(ids, options, action);
    const results: ActionResult[] = [];
    for (let start = 0; start < ids.length; start += IDS_AT_ONCE) {
      results.push(...(await actOn(this.#storage, action, ids.slice(start, start + IDS_AT_ONCE))));
    }
    return results;
  }
}

function isFilter(target: JobIds | JobFilter): target is JobFilter {
  return typeof target === 'object' && target !== null && !Array.isArray(target);
}
