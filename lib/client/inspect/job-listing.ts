import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { JobRecord } from '../../core/job.js';
import type { Storage } from '../../storage/storage.js';
import type { JobCriteria } from './job-filter.js';
import { toJobInfo, type JobInfo } from './job-info.js';
import { pagesOf, STEP } from './job-pages.js';

/** Which page of a list. @publicApi */
export interface PageOptions {
  /** Jobs on the page, from 1 to 1000. @default 50 */
  readonly limit?: number;
  /** From the page before: the list goes on behind it. */
  readonly cursor?: string;
}

/**
 * A page of a list, the job that arrived last first. With `fingerprint`, `text` or times in the filter, a page looks at some 10,000
 * records at most: it may then be short, or empty, and yet have a cursor to go on with.
 * @publicApi
 */
export interface JobInfoPage {
  readonly jobs: readonly JobInfo[];
  /** For the next page; absent on the last. */
  readonly cursor?: string;
}

/** How far to count. @publicApi */
export interface CountOptions {
  /** From 1 to 1,000,000. @default 1000 */
  readonly upTo?: number;
}

/** Jobs counted up to a bound. @publicApi */
export interface JobCount {
  readonly count: number;
  /**
   * False: there may be more than `count`, and nobody looked how many. Where each record is asked (`fingerprint`, `text`, times),
   * a count also ends after ten pages, of which each looks at 10,000 records at most.
   */
  readonly isExact: boolean;
}

/** Pages that one count reads, where each record is asked: then it tells what it has found. */
const PAGES_COUNTED = 10;

/** Each job that matches, the newest first. */
export async function* eachOf(storage: Storage, criteria: JobCriteria): AsyncGenerator<JobInfo, void, void> {
  for await (const { jobs } of pagesOf(storage, criteria)) yield* jobs.map(toJobInfo);
}

/** Counts what matches. */
export async function countUpTo(
  storage: Storage,
  criteria: JobCriteria,
  options: CountOptions,
): Promise<JobCount> {
  checkKnownOptions(options, ['upTo'], 'count()');
  const { upTo = 1_000 } = options;
  checkUpTo(upTo, 'count()');
  const { count, isExact } = await countOf(storage, criteria, { upTo });
  return { count, isExact };
}

/** Counts, and keeps the first jobs as a sample. */
export async function countOf(
  storage: Storage,
  criteria: JobCriteria,
  { upTo, sampleSize = 0, isMeant = () => true, onJob }: Counting,
): Promise<JobCount & { readonly sample: readonly JobInfo[] }> {
  const sample: JobInfo[] = [];
  let count = 0;
  let pages = 0;
  for await (const { jobs, cursor } of pagesOf(storage, criteria, Math.min(STEP, upTo + 1))) {
    for (const job of jobs.filter(isMeant)) {
      if (count === upTo) return { count, isExact: false, sample };
      count += 1;
      onJob?.(job);
      if (sample.length < sampleSize) sample.push(toJobInfo(job));
    }
    pages += 1;
    const isFar = criteria.isMeant !== undefined && pages >= PAGES_COUNTED;
    if (isFar && cursor !== undefined) return { count, isExact: false, sample };
  }
  return { count, isExact: true, sample };
}

interface Counting {
  readonly upTo: number;
  readonly sampleSize?: number;
  readonly isMeant?: (job: JobRecord) => boolean;
  /** Gets each job that is counted. */
  readonly onJob?: (job: JobRecord) => void;
}

/** Refuses a bound that would have somebody wait for ever. */
export function checkUpTo(upTo: number, where: string): void {
  checkWhole(upTo, 1, 1_000_000, `${where}: upTo`);
}

/** Refuses a number that is not whole, or out of its bounds. */
export function checkWhole(count: number, from: number, to: number, what: string): void {
  if (Number.isSafeInteger(count) && count >= from && count <= to) return;
  throw new InvalidOptionError(`${what} ${String(count)} is not a whole number from ${from} to ${to}`);
}
