import {
  ConfigurableModuleBuilder,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { JobInspector } from '../client/job-inspector.js';
import { isBounded } from '../client/queue-limits-options.js';
import { QueueHandle } from '../client/queue-handle.js';
import { ScheduleControl } from '../client/schedule-control.js';
import { ScheduleDeclarer } from '../client/schedule-declarer.js';
import { JobContext } from '../core/job-context.js';
import { InvalidOptionError } from '../core/errors.js';
import { Storage } from '../storage/storage.js';
import type { BackgroundJobsExtras, BackgroundJobsOptions } from './background-jobs-options.js';
import { DeclaredKeys } from './declared-keys.js';
import { endNewsOf } from './end-news.js';
import { EventListeners } from './event-listeners.js';
import { JobHealthIndicator } from './health/job-health-indicator.js';
import { EventSource, JobEvents } from './job-events.js';
import { jobContextProvider } from './job-context.provider.js';
import { JobLogger } from './job-logger.js';
import { JobsSettings } from './jobs-settings.js';
import { modulesOf, placeModule } from './module-place.js';
import { JobMetrics } from './prometheus/job-metrics.js';
import { Surroundings } from './surroundings.js';
import { Telemetry } from './telemetry/telemetry.js';
import { WorkerState } from './worker-state.js';

const EXTRAS: BackgroundJobsExtras = { isGlobal: true };

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<BackgroundJobsOptions>()
    .setClassMethodName('forRoot')
    .setExtras(EXTRAS, (module, { isGlobal }) => ({ ...module, global: isGlobal !== false }))
    .build();

/** What every process needs, with workers or without: the storage, opened first and closed last. */
@Module({
  providers: [
    JobLogger,
    Surroundings,
    WorkerState,
    JobHealthIndicator,
    JobMetrics,
    {
      // Before the first job can be queued, and nowhere where nobody wants it.
      provide: Telemetry,
      useFactory: async ({ openTelemetry }: JobsSettings, { clock }: Surroundings) =>
        openTelemetry && (await Telemetry.load(openTelemetry, clock)),
      inject: [JobsSettings, Surroundings],
    },
    {
      provide: JobsSettings,
      useFactory: (options: BackgroundJobsOptions) => JobsSettings.parse(options),
      inject: [MODULE_OPTIONS_TOKEN],
    },
    { provide: Storage, useFactory: ({ storage }: JobsSettings) => storage, inject: [JobsSettings] },
    {
      provide: QueueHandle,
      useFactory: (
        storage: Storage,
        { defaults, codec, context }: JobsSettings,
        events: EventSource,
        surroundings: Surroundings,
        telemetry: Telemetry | undefined,
        logger: JobLogger,
      ) =>
        surroundings.createQueueHandle(storage, {
          defaults,
          clock: surroundings.clock,
          chance: surroundings.chance,
          ...(codec === undefined ? {} : { codec }),
          carriers: context.carriers,
          onCarrierFailed: (carrier, error) => logger.captureFailed(carrier, error),
          endNews: endNewsOf(events),
          ...(telemetry === undefined ? {} : { surroundings: telemetry }),
          listener: { isHeard: () => events.hears('queued'), tell: (event) => events.emit(event) },
        }),
      inject: [Storage, JobsSettings, EventSource, Surroundings, Telemetry, JobLogger],
    },
    {
      provide: EventSource,
      useFactory: (logger: JobLogger) =>
        new EventSource((event, error) => logger.listenerFailed(event, error)),
      inject: [JobLogger],
    },
    { provide: JobEvents, useFactory: (source: EventSource) => new JobEvents(source), inject: [EventSource] },
    EventListeners,
    DeclaredKeys,
    jobContextProvider,
    {
      provide: ScheduleControl,
      useFactory: (storage: Storage, keys: DeclaredKeys) =>
        new ScheduleControl(storage, { isDeclared: (key) => keys.has(key) }),
      inject: [Storage, DeclaredKeys],
    },
    {
      provide: ScheduleDeclarer,
      useFactory: (storage: Storage, { defaults, codec }: JobsSettings, { clock, chance }: Surroundings) =>
        new ScheduleDeclarer(storage, { defaults, codec, clock, chance }),
      inject: [Storage, JobsSettings, Surroundings],
    },
    {
      provide: JobInspector,
      useFactory: (storage: Storage, schedules: ScheduleControl, { redact }: JobsSettings) =>
        new JobInspector(storage, { schedules, redact }),
      inject: [Storage, ScheduleControl, JobsSettings],
    },
  ],
  exports: [
    Storage,
    QueueHandle,
    JobEvents,
    EventSource,
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
    Telemetry,
  ],
})
export class StorageModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  readonly #storage: Storage;
  readonly #logger: JobLogger;
  readonly #settings: JobsSettings;
  readonly #events: EventSource;
  readonly #listeners: EventListeners;
  readonly #metrics: JobMetrics;

  constructor(
    storage: Storage,
    logger: JobLogger,
    settings: JobsSettings,
    events: EventSource,
    listeners: EventListeners,
    metrics: JobMetrics,
    modules: ModulesContainer,
  ) {
    super();
    this.#storage = storage;
    this.#logger = logger;
    this.#settings = settings;
    this.#events = events;
    this.#listeners = listeners;
    this.#metrics = metrics;
    if (modulesOf(modules, StorageModule).length > 1) {
      throw new InvalidOptionError(
        'BackgroundJobsModule.forRoot() is imported twice. Import it once, in the root module: QueueHandle is then there for all',
      );
    }
    // Other global modules may enqueue in their hooks, and may have been imported before.
    placeModule(modules, StorageModule, 'outermost');
  }

  async onModuleInit(): Promise<void> {
    this.#listeners.bind();
    for (const carrier of this.#settings.context.carriers) await carrier.prepare?.();
    await this.#metrics.open();
    await this.#storage.open();
    // Before any worker of this process claims its first job.
    for (const [queue, limits] of this.#settings.limits) {
      await (isBounded(limits) ? this.#storage.limit(queue, limits) : this.#storage.limit(queue));
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.#events.close();
    this.#metrics.close();
    try {
      await this.#storage.close();
    } catch (error) {
      // Nest 11 would leave out the hooks of all modules that follow.
      this.#logger.closeFailed(error);
    }
  }
}
