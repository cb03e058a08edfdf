import type { Provider } from '@nestjs/common';
import { JobInspector } from '../../client/job-inspector.js';
import { QueueHandle } from '../../client/queue-handle.js';
import { ScheduleControl } from '../../client/schedule-control.js';
import { ScheduleDeclarer } from '../../client/schedules/schedule-declarer.js';
import { Storage } from '../../storage/storage.js';
import type { BackgroundJobsOptions } from '../background-jobs-options.js';
import { DeclaredKeys } from '../discovery/declared-keys.js';
import { endNewsOf } from '../events/end-news.js';
import { UnlistedJobs } from '../discovery/unlisted-jobs.js';
import { EventListeners } from '../events/event-listeners.js';
import { InstanceNames } from './instance-name.js';
import { JobHealthIndicator } from '../health/job-health-indicator.js';
import { EventSource, JobEvents } from '../events/job-events.js';
import { JobLogger } from '../logging/job-logger.js';
import { JobsSettings } from '../settings/jobs-settings.js';
import { MODULE_OPTIONS } from './module-options.js';
import { JobMetrics } from '../prometheus/job-metrics.js';
import { StorageLife } from '../lifecycle/storage-life.js';
import { Surroundings } from './surroundings.js';
import { OptionalTelemetry } from '../telemetry/optional-telemetry.js';
import { Telemetry } from '../telemetry/telemetry.js';
import { WorkerState } from '../lifecycle/worker-state.js';

/** What every process needs, with workers or without, of each instance of the module. */
export const STORAGE_PARTS: readonly Provider[] = [
  JobLogger,
  Surroundings,
  WorkerState,
  InstanceNames,
  UnlistedJobs,
  JobHealthIndicator,
  JobMetrics,
  {
    // Before the first job can be queued, and nowhere where nobody wants it.
    provide: OptionalTelemetry,
    useFactory: async ({ openTelemetry }: JobsSettings, { clock }: Surroundings) =>
      new OptionalTelemetry(openTelemetry && (await Telemetry.load(openTelemetry, clock))),
    inject: [JobsSettings, Surroundings],
  },
  {
    provide: JobsSettings,
    useFactory: (options: BackgroundJobsOptions) => JobsSettings.parse(options),
    inject: [MODULE_OPTIONS],
  },
  { provide: Storage, useFactory: ({ storage }: JobsSettings) => storage, inject: [JobsSettings] },
  {
    provide: QueueHandle,
    useFactory: (
      storage: Storage,
      { defaults, definitions, codec, context, transactions }: JobsSettings,
      events: EventSource,
      surroundings: Surroundings,
      { telemetry }: OptionalTelemetry,
      logger: JobLogger,
      unlisted: UnlistedJobs,
    ) =>
      surroundings.createQueueHandle(storage, {
        defaults,
        definitions,
        clock: surroundings.clock,
        chance: surroundings.chance,
        ...(codec === undefined ? {} : { codec }),
        carriers: context.carriers,
        ...(transactions === undefined ? {} : { ambient: transactions }),
        onClass: (job, queue) => unlisted.meet(job, queue),
        onCarrierFailed: (carrier, error) => logger.captureFailed(carrier, error),
        endNews: endNewsOf(events),
        ...(telemetry === undefined ? {} : { surroundings: telemetry }),
        listener: { isHeard: () => events.hears('queued'), tell: (event) => events.emit(event) },
      }),
    inject: [Storage, JobsSettings, EventSource, Surroundings, OptionalTelemetry, JobLogger, UnlistedJobs],
  },
  {
    provide: EventSource,
    useFactory: (logger: JobLogger) => new EventSource((event, error) => logger.listenerFailed(event, error)),
    inject: [JobLogger],
  },
  { provide: JobEvents, useFactory: (source: EventSource) => new JobEvents(source), inject: [EventSource] },
  EventListeners,
  StorageLife,
  DeclaredKeys,
  {
    provide: ScheduleControl,
    useFactory: (storage: Storage, keys: DeclaredKeys) =>
      new ScheduleControl(storage, { isDeclared: (key) => keys.has(key) }),
    inject: [Storage, DeclaredKeys],
  },
  {
    provide: ScheduleDeclarer,
    useFactory: (
      storage: Storage,
      { defaults, definitions, codec }: JobsSettings,
      { clock, chance }: Surroundings,
    ) => new ScheduleDeclarer(storage, { defaults, definitions, codec, clock, chance }),
    inject: [Storage, JobsSettings, Surroundings],
  },
  {
    provide: JobInspector,
    useFactory: (storage: Storage, schedules: ScheduleControl, { redact }: JobsSettings) =>
      new JobInspector(storage, { schedules, redact }),
    inject: [Storage, ScheduleControl, JobsSettings],
  },
];
