import { visibleState } from '../../core/lifecycle.js';
import type { JobRecord, LeasedJob } from '../../core/job.js';
import { HandedOut } from './handed-out.js';
import { NO_FAILURES, type StoredJob } from './stored-job.js';

/** The job as a reader sees it at this moment. */
export function recordOf(job: StoredJob, now: number): JobRecord {
  const { extras } = job;
  const leased: LeasedJob = new HandedOut(job);
  return {
    ...leased,
    state: visibleState(job.state, job.runAt, now),
    failures: extras?.failures ?? NO_FAILURES,
    ...present({
      startedAt: job.startedAt,
      endedAt: job.endedAt,
      leaseUntil: job.state === 'running' ? job.until : undefined,
      runner: job.runner,
      reason: extras?.reason,
      cancelReason: extras?.cancelReason,
      uniqueKey: extras?.unique?.key,
      expiresAt: extras?.expiry?.at,
      progress: extras?.progress,
      result: extras?.result,
    }),
  };
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** What is absent in a record is not there at all, rather than there and undefined. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
