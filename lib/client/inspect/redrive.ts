import { fingerprintOf } from '../../core/fingerprint.js';
import type { DeadReason, JobRecord } from '../../core/job.js';
import { checkName } from '../../core/name.js';
import { parseRate, type RateOption } from '../../core/rate-option.js';
import type { RetryOptions } from '../../storage/inspection.js';
import type { Storage } from '../../storage/storage.js';
import {
  actOnAll,
  tryOnAll,
  type BulkOptions,
  type BulkSummary,
  type DryRun,
  type DryRunOptions,
} from './bulk-action.js';
import { retrying, type JobAction } from './job-action.js';
import type { JobFilter } from './job-filter.js';
import { toJobInfo, type JobInfo } from './job-info.js';

/** Where dead jobs go, and how fast. @publicApi */
export interface RedriveTarget {
  /** They become due at no more than this rate, one small group after another. @default all at once */
  readonly rate?: RateOption;
  /** In another queue than theirs, such as one with few workers. @default each in its own */
  readonly queue?: string;
}

/** How to bring dead jobs back to work. @publicApi */
export interface RedriveOptions extends BulkOptions, RedriveTarget {}

/** How to look before that. @publicApi */
export interface RedriveDryRunOptions extends DryRunOptions, RedriveTarget {}

/** What would be brought back to work. @publicApi */
export interface RedrivePreview extends DryRun {
  /** What they died of, the most frequent first. */
  readonly causes: readonly DeathCause[];
  /** Milliseconds until the last of those counted is due. */
  readonly lasts: number;
}

/** Dead jobs that have the name, the reason and the fingerprint of their last failure in common. @publicApi */
export interface DeathCause {
  readonly name: string;
  readonly reason: DeadReason;
  /** Absent where no run failed. */
  readonly fingerprint?: string;
  readonly count: number;
  /** The newest of them. */
  readonly sample: JobInfo;
}

/** Into so many groups the jobs of one `per` are spread at least: few calls, and no great bursts. */
const GROUPS = 20;

/** Brings dead jobs back, one group after another. Of one walk: the next begins at once again. */
function redriving({ rate, queue }: Target): JobAction {
  const spread = spreadOf(rate);
  const elsewhere = queue === undefined ? {} : { queue: checkName(queue, 'redrive(): the queue') };
  let taken = 0;
  return {
    verb: 'redrive',
    states: ['dead'],
    async perform(storage, ids) {
      const outcomes: ('done' | 'requested' | false)[] = [];
      while (outcomes.length < ids.length) {
        const room = spread.size - (taken % spread.size);
        const group = ids.slice(outcomes.length, outcomes.length + room);
        const options: RetryOptions = { ...elsewhere, delay: spread.delayOf(taken) };
        outcomes.push(...(await retrying(options).perform(storage, group)));
        taken += group.length;
      }
      return outcomes;
    },
  };
}

type Target = { readonly rate: RateOption | undefined; readonly queue: string | undefined };

/** Brings back all that match. */
export function redriveAll(
  storage: Storage,
  filter: JobFilter,
  { rate, queue, ...options }: RedriveOptions,
): Promise<BulkSummary> {
  return actOnAll(storage, redriving({ rate, queue }), filter, options);
}

/** Tells what would be brought back, and what it died of. */
export async function previewRedrive(
  storage: Storage,
  filter: JobFilter,
  { rate, queue, ...options }: RedriveDryRunOptions,
): Promise<RedrivePreview> {
  const causes = new Map<string, DeathCause>();
  const found = await tryOnAll(storage, redriving({ rate, queue }), filter, options, (job) =>
    note(causes, job),
  );
  const spread = spreadOf(rate);
  return {
    ...found,
    causes: [...causes.values()].toSorted((a, b) => b.count - a.count),
    lasts: found.count === 0 ? 0 : spread.delayOf(found.count - 1),
  };
}

function note(causes: Map<string, DeathCause>, job: JobRecord): void {
  const { name, reason = 'retries-exhausted', failures } = job;
  const last = failures.at(-1);
  const fingerprint = last && fingerprintOf(last);
  const key = JSON.stringify([name, reason, fingerprint]);
  const cause = causes.get(key);
  causes.set(key, {
    name,
    reason,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    count: (cause?.count ?? 0) + 1,
    sample: cause?.sample ?? toJobInfo(job),
  });
}

/** Groups of jobs, and when each is due. */
interface Spread {
  readonly size: number;
  /** Milliseconds from the call until the nth job is due, counted from 0. */
  delayOf(nth: number): number;
}

const AT_ONCE: Spread = { size: Infinity, delayOf: () => 0 };

/**
 * No more than `count` in any window of `per`: as many whole groups as fit, at even distances. Each delay counts from its own call,
 * so that calls which take their time only make the distances longer.
 */
function spreadOf(rate: RateOption | undefined): Spread {
  if (rate === undefined) return AT_ONCE;
  const { count, per } = parseRate(rate, 'redrive(): rate');
  const size = Math.max(1, Math.floor(count / GROUPS));
  const groups = Math.floor(count / size);
  return { size, delayOf: (nth) => Math.ceil((Math.floor(nth / size) * per) / groups) };
}
