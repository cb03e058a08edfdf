import type { Provider } from '@nestjs/common';
import { ClassSchedules } from './class-schedules.js';
import { CommonEnhancers } from './enhancers/common-enhancers.js';
import { JobExplorer } from './job.explorer.js';
import { JobWorkers } from './job-workers.js';
import { LazyModules } from './lazy-modules.js';
import { RunnableJobs } from './runnable-jobs.js';

/** The workers of each instance of the module. */
export const WORKER_PARTS: readonly Provider[] = [
  CommonEnhancers,
  JobExplorer,
  LazyModules,
  RunnableJobs,
  JobWorkers,
  ClassSchedules,
];
