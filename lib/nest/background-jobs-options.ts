import type { NestInterceptor, Type } from '@nestjs/common';
import type { QueueLimitsOptions } from '../client/inspect/queue-limits-options.js';
import type { Duration } from '../core/duration.js';
import type { JobClass, JobOptions } from '../core/job-definition.js';
import type { PayloadCodec } from '../core/payload.js';
import type { Storage } from '../storage/storage.js';
import type { AmbientTransactions } from '../client/enqueue/ambient-transactions.js';
import type { ContextOptions } from './context/context-options.js';
import type { OpenTelemetryOptions } from './telemetry/open-telemetry-options.js';
import type { PrometheusOptions } from './prometheus/prometheus-options.js';

/**
 * Options of `BackgroundJobsModule`. They are checked once, at boot: what is unknown or impossible fails with an
 * `InvalidOptionError` that names it.
 * @publicApi
 */
export interface BackgroundJobsOptions {
  /** Where jobs live. The module opens it before other modules begin and closes it last. @default new MemoryStorage() */
  readonly storage?: Storage;
  /**
   * Which queues this process works on, and how many jobs of each at a time. `false`: it only enqueues. A queue
   * that jobs choose by a function has to be named here.
   * @default every queue that a job with a handler in this process names, 10 each
   */
  readonly workers?: false | Readonly<Record<string, number | WorkerOptions>>;
  /**
   * Bounds on queues that hold for all processes together, where `workers` are those of this one: how many jobs of the queue,
   * or of each of its groups, run at once and start in a time. They are set when the application starts, stay when
   * it stops, and the last to set them is obeyed; `{}` takes them away. Needs the capability `limits`.
   */
  readonly queues?: Readonly<Record<string, QueueLimitsOptions>>;
  /** Options for all jobs that say nothing else. */
  readonly defaults?: JobOptions;
  /** Options of single job classes, such as from a configuration, which win over those of their `@Job`. @default [] */
  readonly jobs?: readonly ConfiguredJob[];
  readonly shutdown?: ShutdownOptions;
  /**
   * How long a job stays with a process that gives no sign of life. At least 200 ms.
   * @default '30s'
   */
  readonly lease?: Duration;
  /** Carries what plain JSON cannot, in the payloads of all jobs, or seals them (`AesGcmCodec`). */
  readonly codec?: PayloadCodec;
  /** Names of fields that the `JobInspector` does not show, wherever they stand. @default [] */
  readonly redact?: readonly string[];
  readonly context?: ContextOptions;
  /**
   * Finds the transaction in which `queue()` and its like are called, so that they join it with no argument: such as
   * `new ClsTransactions()`. `transaction: false` joins none all the same. Needs a storage that can join transactions.
   */
  readonly transactions?: AmbientTransactions;
  /**
   * Stand around the runs of all jobs, the first outermost: instances, or classes that some module lists among its
   * providers.
   */
  readonly interceptors?: readonly (NestInterceptor | Type<NestInterceptor>)[];
  /**
   * Which of the application's global enhancers (`APP_GUARD` and its like, `app.useGlobalGuards()` and its like) also
   * stand around jobs. Most are written for web requests: they have to ask `getType()`, and a `ValidationPipe` with
   * `whitelist` takes from jobs what they say no rule for.
   * @default []
   */
  readonly globalEnhancers?: readonly EnhancerKind[];
  /**
   * Keeps metrics for Prometheus, which `JobMetrics` gives out. Needs the package `prom-client`, which is not loaded
   * otherwise.
   * @default false
   */
  readonly prometheus?: boolean | PrometheusOptions;
  /**
   * Spans and metrics of enqueues and runs, through the OpenTelemetry SDK that the application registers. Needs the package
   * `@opentelemetry/api`, which is not loaded otherwise.
   * @default false
   */
  readonly openTelemetry?: boolean | OpenTelemetryOptions;
}

/**
 * What a job class's options are in this application: `{ job: WelcomeEmail, maxRetries: 3 }`. What is left out, or `undefined`, stays as
 * its `@Job` says. A function among them that needs the job's fields says so: `priority: (job: Resize) => job.urgency`.
 * @publicApi
 */
export interface ConfiguredJob extends JobOptions<never> {
  readonly job: JobClass;
}

/** Kinds of enhancers. @publicApi */
export type EnhancerKind = 'guards' | 'interceptors' | 'pipes' | 'filters';

/**
 * The workers of one queue in this process.
 * @publicApi
 */
export interface WorkerOptions {
  /** Jobs at a time, a whole number from 1 to 1000. @default 10 */
  readonly concurrency?: number;
  /**
   * What becomes of the slot of a job that goes on although its signal aborted (timeout, cancel, lost lease) and
   * `shutdown.abortGrace` is over. `hold`: it stays taken until the code ends, so that never more runs than `concurrency`; code that never
   * ends takes it for good. `release`: another job gets it while the code goes on with memory and connections of its own, at most as many
   * as `concurrency`, and a cancelled job is `cancelled` then. Either way the event `stuck` tells of it.
   * @default 'hold'
   */
  readonly onStuck?: 'hold' | 'release';
}

/**
 * How long a stopping process waits for the jobs that run. Both together should stay below what the platform
 * grants between SIGTERM and SIGKILL (Kubernetes: 30 s).
 * @publicApi
 */
export interface ShutdownOptions {
  /** For jobs to end by themselves; a second SIGTERM or SIGINT ends it early. @default '20s' */
  readonly grace?: Duration;
  /** For jobs to end after their signal has aborted; what still runs then goes back, uncharged. @default '5s' */
  readonly abortGrace?: Duration;
}

/**
 * What is said beside the options, since Nest needs it before any factory has run.
 * @publicApi
 */
export interface BackgroundJobsExtras {
  /** Whether `QueueHandle` and `Storage` can be injected everywhere. @default true */
  readonly isGlobal?: boolean;
  /**
   * Tells this instance of the module from others in the application: each has a storage and workers of its own. Its
   * `QueueHandle` is injected by `@InjectQueueHandle(name)`, its other parts by `getInstanceToken(name, JobInspector)` and
   * its like. A job belongs to no instance: it runs where it was queued. One instance has no name, and declares the schedules of job classes.
   * @default none: the parts are injected by their classes
   */
  readonly name?: string | undefined;
}

/**
 * A class that makes the options, for `forRootAsync({ useClass })` and `({ useExisting })`.
 * @publicApi
 */
export interface BackgroundJobsOptionsFactory {
  create(): BackgroundJobsOptions | Promise<BackgroundJobsOptions>;
}
