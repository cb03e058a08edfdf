import { visibleState } from '../../core/lifecycle.js';
import type { JobPage, JobQuery } from '../../storage/inspection.js';
import { checkPageLimit, decodeCursor } from '../../storage/paging.js';
import { recordOf } from './job-record.js';
import type { JobTable } from './job-table.js';
import type { StoredJob } from './stored-job.js';

/** One page of the jobs that match. Walks the table, but holds no more of it than the page. */
export function listJobs(jobs: JobTable, query: JobQuery, now: number): JobPage {
  checkPageLimit(query.limit);
  const { newest, hasMore } = newestMatches(jobs, query, now);
  const last = newest.at(-1);
  const records = newest.map((job) => recordOf(job, now));
  return hasMore && last ? { jobs: records, cursor: String(last.arrival) } : { jobs: records };
}

/** The jobs come in order of arrival, so the newest `limit` of them are those a ring of that size still has. */
function newestMatches(jobs: JobTable, query: JobQuery, now: number) {
  const end = query.cursor === undefined ? Infinity : decodeCursor(query.cursor);
  const ring: StoredJob[] = [];
  let count = 0;
  for (const job of jobs.values()) {
    if (job.arrival >= end) break;
    if (!matches(job, query, now)) continue;
    ring[count % query.limit] = job;
    count += 1;
  }
  const oldest = count % query.limit;
  const ordered = count > query.limit ? [...ring.slice(oldest), ...ring.slice(0, oldest)] : ring;
  return { newest: ordered.toReversed(), hasMore: count > query.limit };
}

function matches(job: StoredJob, query: JobQuery, now: number): boolean {
  const { state, queue, name, group, uniqueKey, flow } = query;
  return (
    (queue === undefined || job.queue.name === queue) &&
    (name === undefined || job.name === name) &&
    (state === undefined || visibleState(job.state, job.runAt, now) === state) &&
    (uniqueKey === undefined || job.extras?.unique?.key === uniqueKey) &&
    (group === undefined || job.group === group) &&
    (flow === undefined || job.extras?.flow === flow)
  );
}
