import type { NewJob, Pushed } from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { holderOf, knowQueue } from './operating.js';
import { newStoredJob } from './stored-job.js';

/** Stores a job, unless its id is known or another job has its unique key: then it tells which. */
export function push(contents: Contents, job: NewJob, now: number): Pushed {
  if (contents.jobs.has(job.id)) return { id: job.id, duplicate: true };
  const holder = job.unique && holderOf(contents, job.unique.key);
  if (holder !== undefined) return { id: holder, duplicate: true };
  contents.arrivals += 1;
  knowQueue(contents, job.queue);
  contents.put(newStoredJob(job, contents.arrivals, now));
  return { id: job.id, duplicate: false };
}
