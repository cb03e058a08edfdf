import type { NestInterceptor, Type } from '@nestjs/common';
import type { AmbientTransactions } from '../../client/enqueue/ambient-transactions.js';
import { parseQueueLimits } from '../../client/inspect/queue-limits-options.js';
import { parseRedact } from '../../client/inspect/redaction.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { JobClass, JobDefinition, JobOptions } from '../../core/job-definition.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkName } from '../../core/name.js';
import type { PayloadCodec } from '../../core/payload.js';
import { MemoryStorage } from '../../drivers/memory/memory-storage.js';
import type { QueueLimits } from '../../storage/inspection.js';
import type { Storage } from '../../storage/storage.js';
import type { BackgroundJobsOptions, EnhancerKind, ShutdownOptions } from '../background-jobs-options.js';
import { TraceCarrier } from '../context/trace-carrier.js';
import { parseContext, type ContextSettings } from '../context/context-settings.js';
import { parseJobs } from '../discovery/configured-jobs.js';
import { checkJobOptions } from '../discovery/job-options-check.js';
import { parseOpenTelemetry, type OpenTelemetrySettings } from '../telemetry/open-telemetry-options.js';
import { parseWorkers, queuesThatRelease } from './worker-options.js';
import { parsePrometheus, type PrometheusSettings } from '../prometheus/prometheus-options.js';

const SHORTEST_LEASE = 200;

const OPTIONS = [
  'storage',
  'workers',
  'queues',
  'defaults',
  'jobs',
  'shutdown',
  'lease',
  'codec',
  'redact',
  'interceptors',
  'globalEnhancers',
  'prometheus',
  'context',
  'transactions',
  'openTelemetry',
] as const satisfies readonly (keyof BackgroundJobsOptions)[];

/** The module's options, checked and complete. Milliseconds. */
export abstract class JobsSettings {
  abstract readonly storage: Storage;
  /** Slots by queue; `every`: whatever queues the jobs name. */
  abstract readonly workers: false | 'every' | Readonly<Record<string, number>>;
  /** Queues of which stuck code loses its slot. */
  abstract readonly releaseStuck: readonly string[];
  /** By queue; without a bound: it is to have none. */
  abstract readonly limits: ReadonlyMap<string, QueueLimits>;
  abstract readonly defaults: JobOptions;
  /** Of the classes whose options are others here. */
  abstract readonly definitions: ReadonlyMap<JobClass, JobDefinition>;
  abstract readonly lease: number;
  abstract readonly grace: number;
  abstract readonly abortGrace: number;
  abstract readonly codec: PayloadCodec | undefined;
  abstract readonly redact: readonly string[];
  abstract readonly context: ContextSettings;
  abstract readonly transactions: AmbientTransactions | undefined;
  abstract readonly interceptors: readonly (NestInterceptor | Type<NestInterceptor>)[];
  abstract readonly globalEnhancers: readonly EnhancerKind[];
  abstract readonly prometheus: PrometheusSettings | undefined;
  abstract readonly openTelemetry: OpenTelemetrySettings | undefined;

  /** Throws `InvalidOptionError` that names the option, `InvalidJobError` for a class among `jobs` that is none. */
  static parse(options: BackgroundJobsOptions | undefined): JobsSettings {
    const known = checkShape(options ?? {});
    const { storage = new MemoryStorage(), defaults = {}, codec } = known;
    const { interceptors = [], globalEnhancers = [] } = known;
    checkStorage(storage);
    checkJobOptions(defaults, 'defaults');
    checkCodec(codec);
    checkEnhancers(interceptors, globalEnhancers);
    return {
      storage,
      workers: parseWorkers(known.workers),
      releaseStuck: queuesThatRelease(known.workers),
      limits: parseQueues(known.queues ?? {}),
      defaults,
      definitions: parseJobs(known.jobs ?? []),
      lease: parseLease(known.lease ?? '30s'),
      ...parseShutdown(known.shutdown ?? {}),
      codec,
      redact: [...parseRedact(known.redact ?? [])],
      context: withTrace(parseContext(known.context ?? {}), known.openTelemetry),
      transactions: checkTransactions(known.transactions, storage),
      interceptors,
      globalEnhancers,
      prometheus: parsePrometheus(known.prometheus),
      openTelemetry: parseOpenTelemetry(known.openTelemetry),
    };
  }
}

/** Spans of runs belong to those of enqueues, so that telemetry brings its carrier along. */
function withTrace(
  context: ContextSettings,
  openTelemetry: BackgroundJobsOptions['openTelemetry'],
): ContextSettings {
  const trace = new TraceCarrier();
  const { carriers } = context;
  if (!openTelemetry || carriers.some(({ name }) => name === trace.name)) return context;
  return { ...context, carriers: [trace, ...carriers] };
}

function checkShape(options: BackgroundJobsOptions): BackgroundJobsOptions {
  for (const beside of ['isGlobal', 'name']) {
    if (!(beside in options)) continue;
    throw new InvalidOptionError(
      `BackgroundJobsModule: ${beside} stands beside useFactory, not in what it returns: Nest needs it before`,
    );
  }
  checkKnownOptions(options, OPTIONS, 'BackgroundJobsModule');
  return options;
}

function checkStorage(storage: unknown): void {
  if (typeof (storage as Partial<Storage> | null)?.open === 'function') return;
  throw new InvalidOptionError('storage: must be a storage object, such as new MemoryStorage()');
}

function checkTransactions(
  transactions: AmbientTransactions | undefined,
  { name, capabilities }: Storage,
): AmbientTransactions | undefined {
  if (transactions === undefined) return undefined;
  if (typeof transactions?.current !== 'function') {
    throw new InvalidOptionError('transactions: must have a method current, such as new ClsTransactions()');
  }
  if (capabilities.transactions) return transactions;
  throw new InvalidOptionError(
    `transactions: the ${name} storage can join none. Leave the option out, or wrap the storage into an OutboxStorage`,
  );
}

function checkCodec(codec: PayloadCodec | undefined): void {
  if (codec === undefined) return;
  if (typeof codec?.encode === 'function' && typeof codec.decode === 'function') return;
  throw new InvalidOptionError('codec: must have the methods encode and decode');
}

const ENHANCER_KINDS: readonly EnhancerKind[] = ['guards', 'interceptors', 'pipes', 'filters'];

function checkEnhancers(interceptors: readonly unknown[], kinds: readonly EnhancerKind[]): void {
  const odd = interceptors.findIndex(
    (each) =>
      typeof each !== 'function' &&
      typeof (each as Partial<NestInterceptor> | null | undefined)?.intercept !== 'function',
  );
  if (odd >= 0) {
    throw new InvalidOptionError(
      `interceptors[${odd}]: neither a class nor an object with a method intercept`,
    );
  }
  for (const kind of kinds) {
    if (ENHANCER_KINDS.includes(kind)) continue;
    throw new InvalidOptionError(`globalEnhancers: '${kind}' is none of ${ENHANCER_KINDS.join(', ')}`);
  }
}

function parseShutdown(shutdown: ShutdownOptions): { grace: number; abortGrace: number } {
  checkKnownOptions(shutdown, ['grace', 'abortGrace'], 'shutdown');
  const { grace = '20s', abortGrace = '5s' } = shutdown;
  return {
    grace: parseDuration(grace, 'shutdown.grace'),
    abortGrace: parseDuration(abortGrace, 'shutdown.abortGrace'),
  };
}

function parseLease(lease: Duration): number {
  const length = parseDuration(lease, 'lease');
  if (length >= SHORTEST_LEASE) return length;
  throw new InvalidOptionError(`lease: ${length} ms is too short; at least ${SHORTEST_LEASE} ms`);
}

function parseQueues(queues: NonNullable<BackgroundJobsOptions['queues']>): ReadonlyMap<string, QueueLimits> {
  if (typeof queues !== 'object' || queues === null || Array.isArray(queues)) {
    throw new InvalidOptionError(
      `queues: ${JSON.stringify(queues)} is not an object such as { mail: { rate: '10/s' } }`,
    );
  }
  return new Map(
    Object.entries(queues).map(([queue, limits]) => [
      checkName(queue, 'queues: the name of a queue'),
      parseQueueLimits(limits, `queues.${queue}`),
    ]),
  );
}
