import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { isBounded } from '../../client/inspect/queue-limits-options.js';
import { InvalidOptionError } from '../../core/errors.js';
import { Storage } from '../../storage/storage.js';
import { EventListeners } from '../events/event-listeners.js';
import { InstanceName, InstanceNames } from '../modules/instance-name.js';
import { EventSource } from '../events/job-events.js';
import { JobLogger } from '../logging/job-logger.js';
import { JobsSettings } from '../settings/jobs-settings.js';
import { JobMetrics } from '../prometheus/job-metrics.js';

/** Joins a storage's life to the application's: opened first and closed last. */
@Injectable()
export class StorageLife implements OnModuleInit, OnApplicationShutdown {
  readonly #storage: Storage;
  readonly #logger: JobLogger;
  readonly #settings: JobsSettings;
  readonly #events: EventSource;
  readonly #listeners: EventListeners;
  readonly #metrics: JobMetrics;
  readonly #modules: ModulesContainer;

  /** Throws `InvalidOptionError` where another instance has the same name, or none has none. */
  constructor(
    storage: Storage,
    logger: JobLogger,
    settings: JobsSettings,
    events: EventSource,
    listeners: EventListeners,
    metrics: JobMetrics,
    instance: InstanceName,
    names: InstanceNames,
    modules: ModulesContainer,
  ) {
    this.#storage = storage;
    this.#logger = logger;
    this.#settings = settings;
    this.#events = events;
    this.#listeners = listeners;
    this.#metrics = metrics;
    this.#modules = modules;
    checkInstances(instance, names.all());
  }

  async onModuleInit(): Promise<void> {
    this.#listeners.bind(this.#modules.values());
    await this.#prepareContext();
    await this.#metrics.open();
    await this.#storage.open();
    // Before any worker of this process claims its first job.
    for (const [queue, limits] of this.#settings.limits) {
      await (isBounded(limits) ? this.#storage.limit(queue, limits) : this.#storage.limit(queue));
    }
  }

  async #prepareContext(): Promise<void> {
    const { context, transactions } = this.#settings;
    for (const carrier of context.carriers) await carrier.prepare?.();
    await transactions?.prepare?.();
    // The storage of the options can: a test has put another in its place.
    if (transactions && !this.#storage.capabilities.transactions) {
      this.#logger.warn(
        `The ${this.#storage.name} storage joins no transactions: jobs are queued at once, whatever becomes of those around`,
      );
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

function checkInstances({ name }: InstanceName, names: readonly (string | undefined)[]): void {
  if (names.filter((other) => other === name).length > 1) {
    throw new InvalidOptionError(
      name === undefined
        ? 'BackgroundJobsModule.forRoot() is imported twice. Import it once, in the root module: QueueHandle is then there for all. ' +
            'A second storage needs a name'
        : `Two instances of BackgroundJobsModule have the name '${name}': give each its own`,
    );
  }
  if (names.includes(undefined)) return;
  throw new InvalidOptionError(
    `BackgroundJobsModule: the instance '${name}' needs one without a name beside it, which declares the schedules of job classes`,
  );
}
