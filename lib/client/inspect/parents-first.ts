import type { JobInfo } from './job-info.js';

/** Each behind all that it waits for. */
export function parentsFirst(jobs: readonly JobInfo[]): readonly JobInfo[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const ordered = new Set<JobInfo>();
  const open = [...jobs];
  for (let job = open.pop(); job !== undefined; job = open.pop()) {
    const parents = (job.after ?? [])
      .flatMap(({ id }) => byId.get(id) ?? [])
      .filter((parent) => !ordered.has(parent));
    if (parents.length === 0) ordered.add(job);
    else open.push(job, ...parents);
  }
  return [...ordered];
}
