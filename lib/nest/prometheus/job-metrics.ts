import { Injectable } from '@nestjs/common';
import { systemClock } from '../../core/clock.js';
import { InvalidOptionError } from '../../core/errors.js';
import { Events } from '../../runtime/events.js';
import { StorageLink } from '../../runtime/storage-link.js';
import { Storage } from '../../storage/storage.js';
import { EventSource } from '../events/job-events.js';
import { JobsSettings } from '../settings/jobs-settings.js';
import { WorkerState } from '../lifecycle/worker-state.js';
import { EventCounters } from './event-counters.js';
import { loadPrometheus } from './prometheus-client.js';
import { PrometheusMaker } from './prometheus-maker.js';
import type { PrometheusRegistry } from './prometheus-options.js';
import { makeQueueGauges, type QueuePicture } from './queue-gauges.js';
import { makeWorkerGauges } from './worker-gauges.js';

/** Below the ten seconds that Prometheus waits for a scrape unless told otherwise. */
const SCRAPE_LIMIT = 5_000;

/**
 * The metrics of the module's option `prometheus`, for a route that Prometheus asks. Injectable wherever `QueueHandle` is.
 *
 *     @Get('metrics') @Header('content-type', 'text/plain; version=0.0.4')
 *     metrics() {
 *       return this.jobMetrics.text();
 *     }
 * @publicApi
 */
@Injectable()
export class JobMetrics {
  readonly #storage: Storage;
  readonly #state: WorkerState;
  readonly #source: EventSource;
  readonly #settings: JobsSettings;
  #maker: PrometheusMaker | undefined;

  /** Not for applications: the module makes it. */
  constructor(storage: Storage, state: WorkerState, source: EventSource, settings: JobsSettings) {
    this.#storage = storage;
    this.#state = state;
    this.#source = source;
    this.#settings = settings;
  }

  /** Of the answer to a scrape. */
  get contentType(): string {
    return this.#asked().registry.contentType;
  }

  /**
   * All metrics of the registry in the text format: those of the application too where it has the same registry. A storage
   * that does not answer is no error, but a metric (`jobs_storage_up`). Throws `InvalidOptionError` when the option
   * `prometheus` was not set.
   */
  async text(): Promise<string> {
    return this.#asked().registry.metrics();
  }

  /**
   * The registries of several instances of the module, for one answer to a scrape; each once. Throws `InvalidOptionError` where none has
   * metrics, or two have metrics of the same names. Not for applications: `runWorker` answers so.
   */
  static together(all: readonly JobMetrics[]): readonly PrometheusRegistry[] {
    const makers = all.flatMap((metrics) => metrics.#maker ?? []);
    const registries = [...new Set(makers.map(({ registry }) => registry))];
    if (registries.length === 0) throw notAsked();
    if (makers.some((maker) => registries.some((registry) => maker.collidesWith(registry)))) {
      throw new InvalidOptionError(
        'prometheus: two instances have metrics of the same names in registries of their own, and one answer cannot show both. ' +
          'Give one of them a prefix of its own',
      );
    }
    return registries;
  }

  /** Loads `prom-client`, if the option says so. The module calls it before any job is queued or run. */
  async open(): Promise<void> {
    const { prometheus } = this.#settings;
    if (prometheus === undefined || this.#maker !== undefined) return;
    const maker = new PrometheusMaker(await loadPrometheus(), prometheus);
    try {
      const counters = new EventCounters(maker);
      makeQueueGauges(maker, this.#look());
      makeWorkerGauges(maker, this.#state);
      counters.listen(this.#source);
    } catch (error) {
      // A boot that failed may be tried again in this process.
      maker.remove();
      throw error;
    }
    this.#maker = maker;
  }

  /** Takes the metrics from the registry. The module calls it when the application closes. */
  close(): void {
    this.#maker?.remove();
    this.#maker = undefined;
  }

  #asked(): PrometheusMaker {
    if (this.#maker !== undefined) return this.#maker;
    throw notAsked();
  }

  #look(): () => Promise<QueuePicture | undefined> {
    // A scrape is asked by the machine's time, whatever time jobs go by in a test.
    const link = new StorageLink(this.#storage, systemClock, new Events());
    return async () => {
      try {
        const [now, stats] = await link.call(
          'scrape',
          (storage) => Promise.all([storage.now(), storage.stats()]),
          { limit: SCRAPE_LIMIT },
        );
        return { now, stats };
      } catch {
        return undefined;
      }
    };
  }
}

function notAsked(): InvalidOptionError {
  return new InvalidOptionError('JobMetrics: set the option prometheus: true of BackgroundJobsModule');
}
