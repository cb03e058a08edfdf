import { Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { JobInspector } from '../../client/job-inspector.js';
import { QueueHandle } from '../../client/queue-handle.js';
import { ScheduleControl } from '../../client/schedule-control.js';
import { ScheduleDeclarer } from '../../client/schedules/schedule-declarer.js';
import { JobContext } from '../../core/job-context.js';
import { Storage } from '../../storage/storage.js';
import { DeclaredKeys } from '../discovery/declared-keys.js';
import { UnlistedJobs } from '../discovery/unlisted-jobs.js';
import { JobHealthIndicator } from '../health/job-health-indicator.js';
import { EventListeners } from '../events/event-listeners.js';
import { InstanceName, InstanceNames } from './instance-name.js';
import { EventSource, JobEvents } from '../events/job-events.js';
import { jobContextProvider } from '../injection/job-context.provider.js';
import { JobLogger } from '../logging/job-logger.js';
import { JobsSettings } from '../settings/jobs-settings.js';
import { OptionsModule } from './module-options.js';
import { placeModule } from '../container/module-place.js';
import { JobMetrics } from '../prometheus/job-metrics.js';
import { STORAGE_PARTS } from './storage-parts.js';
import { Surroundings } from './surroundings.js';
import { OptionalTelemetry } from '../telemetry/optional-telemetry.js';
import { WorkerState } from '../lifecycle/worker-state.js';

/** The parts around the storage, of the instance without a name. */
@Module({
  providers: [
    ...STORAGE_PARTS,
    jobContextProvider,
    { provide: InstanceName, useValue: new InstanceName(undefined) },
  ],
  exports: [
    Storage,
    QueueHandle,
    JobEvents,
    EventSource,
    EventListeners,
    JobContext,
    JobInspector,
    ScheduleControl,
    ScheduleDeclarer,
    DeclaredKeys,
    JobsSettings,
    JobLogger,
    Surroundings,
    WorkerState,
    JobHealthIndicator,
    JobMetrics,
    OptionalTelemetry,
    InstanceName,
    InstanceNames,
    UnlistedJobs,
  ],
})
export class StorageModule extends OptionsModule {
  constructor(modules: ModulesContainer) {
    super();
    // Other global modules may enqueue in their hooks, and may have been imported before.
    placeModule(modules, StorageModule, 'outermost');
  }
}
