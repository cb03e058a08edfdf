import type { LiveRunner } from '../../storage/claims.js';
import type { JobInfo } from './job-info.js';

/** A live runner: a process that takes jobs and whose last sign of life has not run out. @publicApi */
export interface RunnerSummary extends Omit<LiveRunner, 'startedAt' | 'beatAt'> {
  /** By the runner's own clock. */
  readonly startedAt: Date;
  /** Its last sign of life, by the storage's clock. */
  readonly beatAt: Date;
  /** The jobs that it has, when they were asked for. Some of them may not have begun: runners take a few ahead. */
  readonly jobs?: readonly JobInfo[];
}

/** What to tell of runners. @publicApi */
export interface RunnersOptions {
  /** Also which jobs they have, the newest 1000 of all. Some storages look through all records for it. @default false */
  readonly withJobs?: boolean;
}

export function toRunnerSummary(runner: LiveRunner, jobs?: readonly JobInfo[]): RunnerSummary {
  return {
    ...runner,
    startedAt: new Date(runner.startedAt),
    beatAt: new Date(runner.beatAt),
    ...(jobs === undefined ? {} : { jobs: jobs.filter((job) => job.runner === runner.id) }),
  };
}
