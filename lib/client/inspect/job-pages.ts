import type { JobRecord } from '../../core/job.js';
import type { JobPage } from '../../storage/inspection.js';
import type { Storage } from '../../storage/storage.js';
import type { JobCriteria } from './job-filter.js';

/** Payloads may be large: a step holds so many in memory, not more. */
export const STEP = 500;

/** Records that one page looks at: a question that few answer must not keep its caller for minutes. */
export const LOOKED_AT_MOST = 10_000;

/** Milliseconds by which records may stand out of the order of their times: pushes of several processes arrive side by side. */
const DISORDER = 60_000;

/**
 * One page. Each is older than the one before, so that a walk comes to an end whatever arrives meanwhile, and comes
 * past no job twice. Where each record is asked, a page may hold fewer jobs than it could, or none, and yet not be the last.
 */
export async function pageOf(
  storage: Storage,
  criteria: JobCriteria,
  limit: number,
  cursor?: string,
): Promise<JobPage> {
  const { isMeant } = criteria;
  if (isMeant === undefined) return read(storage, criteria, limit, cursor);
  const found: JobRecord[] = [];
  let at = cursor;
  for (let looked = 0; looked < LOOKED_AT_MOST;) {
    const page = await readMeant(storage, criteria, isMeant, limit - found.length, at);
    found.push(...page.jobs.filter(isMeant));
    looked += page.jobs.length;
    if (page.cursor === undefined || isOver(page, criteria)) return { jobs: found };
    at = page.cursor;
    if (found.length === limit) break;
  }
  return { jobs: found, ...(at === undefined ? {} : { cursor: at }) };
}

/** All pages, one after another. */
export async function* pagesOf(
  storage: Storage,
  criteria: JobCriteria,
  limit = STEP,
): AsyncGenerator<JobPage, void, void> {
  let cursor: string | undefined;
  do {
    const page = await pageOf(storage, criteria, limit, cursor);
    yield page;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/**
 * A page of the storage's that ends where enough is found: the place behind a job is known to the storage alone, so the page is
 * read again, shorter. What leaves in between may make others move up, so that it may take more than one time.
 */
async function readMeant(
  storage: Storage,
  criteria: JobCriteria,
  isMeant: (job: JobRecord) => boolean,
  wanted: number,
  cursor: string | undefined,
): Promise<JobPage> {
  let page = await read(storage, criteria, STEP, cursor);
  for (;;) {
    const meant = page.jobs.flatMap((job, index) => (isMeant(job) ? [index] : []));
    const last = meant[wanted];
    if (last === undefined) return page;
    page = await read(storage, criteria, last, cursor);
  }
}

function read(
  storage: Storage,
  { stored }: JobCriteria,
  limit: number,
  cursor: string | undefined,
): Promise<JobPage> {
  return storage.list({ ...stored, limit, ...(cursor === undefined ? {} : { cursor }) });
}

/** All that follows was enqueued too long ago. */
function isOver({ jobs }: JobPage, { since }: JobCriteria): boolean {
  const oldest = jobs.at(-1);
  return since !== undefined && oldest !== undefined && oldest.enqueuedAt < since - DISORDER;
}
