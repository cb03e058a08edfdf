import type { MoreWork, RunnerOptions } from '../../runtime/runner.js';
import type { NewJob } from '../../storage/new-job.js';
import type { JobRun } from './job-run.js';
import type { PlannedTrouble } from './planned-trouble.js';

/** Who has the jobs of a test run, and when. */
export interface Driver {
  readonly trouble: PlannedTrouble;
  /** How the application would have its jobs run. Told when it boots. */
  prepare(runner: RunnerOptions): void;
  add(work: MoreWork): void;
  start(): Promise<void>;
  stop(options?: { readonly now?: boolean }): Promise<void>;
  drain(): Promise<readonly JobRun[]>;
  /** Milliseconds. */
  advance(length: number): Promise<readonly JobRun[]>;
  run(job: NewJob): Promise<JobRun>;
  /** False when no job was at work. */
  crash(): Promise<boolean>;
}

/** The same runner with more to do. */
export function withMore(runner: RunnerOptions, { handlers, queues }: MoreWork): RunnerOptions {
  return {
    ...runner,
    handlers: [...runner.handlers, ...handlers],
    queues: { ...queues, ...runner.queues },
  };
}
