import type { NewJob } from './new-job.js';

/** What a job has to do with others, as bits of a number that a storage keeps with it. */
export const AWAITED = 1;
export const WAITS = 2;

/** Whether others wait for the job. */
export function isAwaited(ties: unknown): boolean {
  return typeof ties === 'number' && (ties & AWAITED) !== 0;
}

/** Whether the job waits, or waited, for others. */
export function isWaiter(ties: unknown): boolean {
  return typeof ties === 'number' && (ties & WAITS) !== 0;
}

/** What a new job of this push has to do with others; `undefined` where that is nothing. */
export function tiesOf({ id, after }: NewJob, awaited: ReadonlySet<string>): number | undefined {
  const ties = (awaited.has(id) ? AWAITED : 0) | (after === undefined ? 0 : WAITS);
  return ties === 0 ? undefined : ties;
}

const NOBODY: ReadonlySet<string> = new Set();

/** The ids that other jobs of the push wait for. */
export function awaitedOf(jobs: readonly NewJob[]): ReadonlySet<string> {
  if (!jobs.some(({ after }) => after !== undefined)) return NOBODY;
  return new Set(jobs.flatMap(({ after = [] }) => after.map(({ id }) => id)));
}
