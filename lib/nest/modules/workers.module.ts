import { Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { JobLogger } from '../logging/job-logger.js';
import { placeModule } from '../container/module-place.js';
import { WORKER_PARTS } from './worker-parts.js';

/**
 * The workers, apart from all else, so that they start last and stop first: a job that still runs while the
 * application stops needs its database, and Nest destroys global modules last.
 */
@Module({ providers: [...WORKER_PARTS] })
export class WorkersModule {
  constructor(modules: ModulesContainer, logger: JobLogger) {
    if (placeModule(modules, WorkersModule, 'innermost')) return;
    logger.warn(
      'This version of Nest gives modules no place in the order of shutdown: import BackgroundJobsModule last, ' +
        'or databases may close while jobs still run',
    );
  }
}
