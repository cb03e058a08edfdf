import { Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { CommonEnhancers } from './enhancers/common-enhancers.js';
import { JobLogger } from './job-logger.js';
import { JobWorkers } from './job-workers.js';
import { ClassSchedules } from './class-schedules.js';
import { JobExplorer } from './job.explorer.js';
import { placeModule } from './module-place.js';

/**
 * The workers, apart from all else, so that they start last and stop first: a job that still runs while the
 * application stops needs its database, and Nest destroys global modules last.
 */
@Module({ providers: [CommonEnhancers, JobExplorer, JobWorkers, ClassSchedules] })
export class WorkersModule {
  constructor(modules: ModulesContainer, logger: JobLogger) {
    if (placeModule(modules, WorkersModule, 'innermost')) return;
    logger.warn(
      'This version of Nest gives modules no place in the order of shutdown: import BackgroundJobsModule last, ' +
        'or databases may close while jobs still run',
    );
  }
}
