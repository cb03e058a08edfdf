import type { JobState, Popped, PopRequest } from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { compareJobs, leasedJob, type StoredJob } from './stored-job.js';

/** Hands due jobs out: of known names, from queues that are not paused, the first in order first. */
export function pop(contents: Contents, { runner, lease, names, queues }: PopRequest, now: number): Popped {
  const known = new Set(names);
  const taken: StoredJob[] = [];
  let next = Infinity;
  for (const { queue, limit } of queues) {
    if (limit === 0 || contents.queues.get(queue)?.paused !== undefined) continue;
    const waiting = [...contents.jobs.values()].filter(
      ({ record }) => record.queue === queue && known.has(record.name) && waits(record.state),
    );
    const due = waiting.filter(({ record }) => record.runAt <= now).toSorted(compareJobs);
    taken.push(...due.slice(0, limit).map((job) => begin(job, runner, now, lease)));
    const isMoreDue = due.length > limit;
    const later = waiting.map(({ record }) => record.runAt).filter((runAt) => runAt > now);
    next = later.reduce((first, runAt) => Math.min(first, runAt), isMoreDue ? now : next);
  }
  for (const job of taken) contents.put(job);
  const jobs = taken.map(leasedJob);
  return next === Infinity ? { jobs } : { jobs, nextIn: next - now };
}

/** `ready` is not stored: it is what a reader sees once the time has come. */
export function waits(state: JobState): boolean {
  return state === 'scheduled' || state === 'retrying';
}

// The token grows with each lease: whatever an earlier run still reports carries a smaller one and changes nothing.
function begin(job: StoredJob, runner: string, now: number, lease: number): StoredJob {
  const { record, unique } = job;
  return {
    ...job,
    holdsKey: job.holdsKey && unique?.while !== 'waiting',
    record: {
      ...record,
      ...{ state: 'running', runner, startedAt: now, leaseUntil: now + lease, token: record.token + 1 },
    },
  };
}
