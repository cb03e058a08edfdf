import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { JobRecord } from '../../core/job.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkName } from '../../core/name.js';
import type { RetryOptions } from '../../storage/inspection.js';
import type { Storage } from '../../storage/storage.js';
import { actOn, type ActionResult, type JobAction } from './job-action.js';
import { parseFilter, type JobCriteria, type JobFilter } from './job-filter.js';
import type { JobInfo } from './job-info.js';
import { checkUpTo, checkWhole, countOf, type JobCount } from './job-listing.js';
import { pageOf } from './job-pages.js';

/** How to do something with all jobs that match. @publicApi */
export interface BulkOptions {
  readonly dryRun?: false;
  /** Stops after so many jobs. @default all that match */
  readonly limit?: number;
  /** Jobs looked at and acted on in one step, from 1 to 1000. @default 500 */
  readonly batchSize?: number;
  /** Of a `BulkSummary` or a `BulkBatch`: goes on where that one stopped. */
  readonly cursor?: string;
  /** Stops before the next batch. What was done stays done, and the summary says what that was. */
  readonly signal?: AbortSignal;
  /** Gets the result of each job, batch by batch. The next one waits for it; what it throws stops the walk. */
  readonly onBatch?: (batch: BulkBatch) => void | Promise<void>;
}

/** One step of many. @publicApi */
export interface BulkBatch {
  readonly results: readonly ActionResult[];
  /** Where a next call could go on; absent after the last step. */
  readonly cursor?: string;
}

/** What became of all jobs that matched: how many of each outcome. @publicApi */
export interface BulkSummary {
  readonly done: number;
  /** Running jobs that were asked to end. */
  readonly requested: number;
  /** They left the state that they were found in before it was their turn. */
  readonly refused: number;
  /** They were gone before it was their turn. */
  readonly unknown: number;
  /** Why it stopped: no more jobs match, the limit is reached, or the signal aborted. */
  readonly end: 'all' | 'limit' | 'aborted';
  /** To go on from; absent when `end` is `all`, or nothing was begun. */
  readonly cursor?: string;
}

/** How to look before doing something with all jobs that match. @publicApi */
export interface DryRunOptions {
  /** Changes nothing. */
  readonly dryRun: true;
  /** Counts no further, from 1 to 1,000,000. @default 10_000 */
  readonly upTo?: number;
  /** How many jobs to show, from 0 to 1000. @default 10 */
  readonly sampleSize?: number;
}

/** Why jobs are asked to end. @publicApi */
export interface CancelOptions {
  /** Stands in the job's record, and its run finds it in `context.signal.reason`. @default 'cancelled by an operator' */
  readonly reason?: string;
}

/** How jobs start again. @publicApi */
export interface StartAgainOptions {
  /** In another queue than theirs. @default each in its own */
  readonly queue?: string;
  /** Not before this long from now. @default now */
  readonly delay?: Duration;
}

/** What would be done. @publicApi */
export interface DryRun extends JobCount {
  /** The first jobs that would be taken: the newest. */
  readonly sample: readonly JobInfo[];
}

const LARGEST_BATCH = 1_000;
const BULK_OPTIONS = [
  'dryRun',
  'limit',
  'batchSize',
  'cursor',
  'signal',
  'onBatch',
] as const satisfies readonly (keyof BulkOptions)[];
const DRY_RUN_OPTIONS = ['dryRun', 'upTo', 'sampleSize'] as const satisfies readonly (keyof DryRunOptions)[];

/** Does something with all jobs that match: a page of them at a time, the newest first, none of them twice. */
export async function actOnAll(
  storage: Storage,
  action: JobAction,
  filter: JobFilter,
  options: BulkOptions = {},
): Promise<BulkSummary> {
  const where = `${action.verb}()`;
  checkKnownOptions(options, BULK_OPTIONS, where);
  const criteria = criteriaOf(action, filter);
  const { limit = Infinity, batchSize = 500, signal, onBatch } = options;
  if (limit !== Infinity) checkWhole(limit, 1, Number.MAX_SAFE_INTEGER, `${where}: limit`);
  checkWhole(batchSize, 1, LARGEST_BATCH, `${where}: batchSize`);
  const counts = { done: 0, requested: 0, refused: 0, unknown: 0 };
  let { cursor } = options;
  let taken = 0;
  for (;;) {
    if (signal?.aborted) return { ...counts, end: 'aborted', ...onFrom(cursor) };
    // No page is larger than what may still be taken, so that its cursor leaves no job out.
    const page = await pageOf(storage, criteria, Math.min(batchSize, limit - taken), cursor);
    const ids = page.jobs.filter(isMeantBy(action)).map(({ id }) => id);
    const results = ids.length === 0 ? [] : await actOn(storage, action, ids);
    for (const { outcome } of results) counts[outcome] += 1;
    taken += ids.length;
    cursor = page.cursor;
    if (results.length > 0) await onBatch?.({ results, ...onFrom(cursor) });
    if (cursor === undefined) return { ...counts, end: 'all' };
    if (taken === limit) return { ...counts, end: 'limit', cursor };
  }
}

/** Tells with what something would be done. */
export async function tryOnAll(
  storage: Storage,
  action: JobAction,
  filter: JobFilter,
  options: DryRunOptions,
  onJob?: (job: JobRecord) => void,
): Promise<DryRun> {
  const where = `${action.verb}()`;
  checkKnownOptions(options, DRY_RUN_OPTIONS, `${where} with dryRun`);
  const { upTo = 10_000, sampleSize = 10 } = options;
  checkUpTo(upTo, where);
  checkWhole(sampleSize, 0, 1_000, `${where}: sampleSize`);
  return countOf(storage, criteriaOf(action, filter), {
    upTo,
    sampleSize,
    isMeant: isMeantBy(action),
    ...(onJob && { onJob }),
  });
}

/** Throws `InvalidOptionError`. Milliseconds. */
export function parseStartAgain({
  queue,
  delay,
}: {
  readonly queue: string | undefined;
  readonly delay: Duration | undefined;
}): RetryOptions {
  return {
    ...(queue === undefined ? {} : { queue: checkName(queue, 'retry(): the queue') }),
    ...(delay === undefined ? {} : { delay: parseDuration(delay, 'retry(): delay') }),
  };
}

/** The text 'true' of a query string must not be taken for a no. */
export function checkDryRun(dryRun: unknown, { verb }: Pick<JobAction, 'verb'>): void {
  if (dryRun === undefined || typeof dryRun === 'boolean') return;
  throw new InvalidOptionError(`${verb}(): dryRun is ${JSON.stringify(dryRun)}, neither true nor false`);
}

/**
 * A filter that came out wider than was meant is how an operator loses a production queue: an empty one and
 * one with an `undefined` in it are refused, and nothing is removed or started again without naming a state.
 */
function criteriaOf(action: JobAction, filter: JobFilter): JobCriteria {
  const where = `${action.verb}()`;
  const criteria = parseFilter(filter, where);
  const missing = Object.entries(filter).find(([, value]) => value === undefined);
  if (missing) {
    throw new InvalidOptionError(
      `${where}: ${missing[0]} is undefined. Leave it out to mean every ${missing[0]}`,
    );
  }
  if (Object.keys(filter).length === 0) {
    throw new InvalidOptionError(
      `${where}: the filter is empty and would take every job. Name a queue or a state`,
    );
  }
  const { state } = criteria.stored;
  const [only, ...others] = action.states;
  // What can be done in one state alone means that one.
  if (state === undefined && others.length === 0)
    return { ...criteria, stored: { ...criteria.stored, ...(only && { state: only }) } };
  if (state === undefined && action.needsState) {
    throw new InvalidOptionError(`${where}: the filter needs a state, one of ${action.states.join(', ')}`);
  }
  if (state === undefined || action.states.includes(state)) return criteria;
  throw new InvalidOptionError(
    `${where}: cannot be done with ${state} jobs, only with ${action.states.join(', ')}`,
  );
}

function isMeantBy({ states }: JobAction): (job: JobRecord) => boolean {
  return ({ state }) => states.includes(state);
}

function onFrom(cursor: string | undefined): { readonly cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}
