import type { Beat, BeatAnswer, LiveRunner, ProgressReport } from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { holds } from './settling.js';
import { without } from './stored-job.js';

/** Extends the leases that the runner still holds, and tells it which it lost and which runs should end. */
export function beat(contents: Contents, { runner, lease, leases }: Beat, now: number): BeatAnswer {
  const until = now + lease;
  contents.runners.set(runner.id, { ...runner, beatAt: now, until });
  const lost: string[] = [];
  const cancelled: { id: string; reason: string }[] = [];
  for (const held of leases) {
    const job = contents.jobs.get(held.id);
    if (job === undefined || !holds(job, held)) {
      lost.push(held.id);
      continue;
    }
    const { leaseUntil = until, cancelReason: reason } = job.record;
    contents.put({ ...job, record: { ...job.record, leaseUntil: Math.max(leaseUntil, until) } });
    if (reason !== undefined) cancelled.push({ id: held.id, reason });
  }
  return { lost, cancelled };
}

/** Keeps what a run tells of itself, if it is still the job's. */
export function report(contents: Contents, { lease, progress }: ProgressReport): void {
  const job = contents.jobs.get(lease.id);
  if (job && holds(job, lease)) contents.put({ ...job, record: { ...job.record, progress } });
}

/** The runners whose last beat has not run out. */
export function liveRunners(contents: Contents, now: number): LiveRunner[] {
  const records = [...contents.jobs.values()].map(({ record }) => record);
  return [...contents.runners.values()]
    .filter(({ until }) => until > now)
    .map((runner) => ({
      ...without(runner, 'until'),
      running: records.filter((record) => record.runner === runner.id).length,
    }));
}
