import type { RunnerPart } from '../../nest/modules/surroundings.js';
import type { MoreWork, RunnerOptions } from '../../runtime/runner.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { JobRun } from './job-run.js';
import type { PlannedTrouble } from './planned-trouble.js';

/** Who has the jobs of a test run, and when: those of all instances of the module, since time is the same for all. */
export interface Driver {
  readonly trouble: PlannedTrouble;
  /** Takes an instance of the module on, whose jobs are in that storage. */
  drive(storage: Storage): DrivenInstance;
  drain(): Promise<readonly JobRun[]>;
  /** Milliseconds. */
  advance(length: number): Promise<readonly JobRun[]>;
  /** False when no job was at work. */
  crash(): Promise<boolean>;
}

/** One instance of the module: its runner, as the module sees it, and what is asked of it alone. */
export interface DrivenInstance extends RunnerPart {
  /** How the application would have its jobs run. Told when it boots, and never where it has no workers. */
  prepare(runner: RunnerOptions): void;
  run(job: NewJob): Promise<JobRun>;
}

/** The same runner with more to do. */
export function withMore(runner: RunnerOptions, { handlers, queues }: MoreWork): RunnerOptions {
  return {
    ...runner,
    handlers: [...runner.handlers, ...handlers],
    queues: { ...queues, ...runner.queues },
  };
}
