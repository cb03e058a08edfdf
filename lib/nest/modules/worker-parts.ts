import type { Provider } from '@nestjs/common';
import { ClassSchedules } from '../discovery/class-schedules.js';
import { CommonEnhancers } from '../enhancers/common-enhancers.js';
import { JobExplorer } from '../discovery/job.explorer.js';
import { JobWorkers } from '../lifecycle/job-workers.js';
import { LazyModules } from '../container/lazy-modules.js';
import { QueueNotes } from '../discovery/queue-notes.js';
import { RunnableJobs } from '../discovery/runnable-jobs.js';

/** The workers of each instance of the module. */
export const WORKER_PARTS: readonly Provider[] = [
  CommonEnhancers,
  JobExplorer,
  LazyModules,
  RunnableJobs,
  QueueNotes,
  JobWorkers,
  ClassSchedules,
];
