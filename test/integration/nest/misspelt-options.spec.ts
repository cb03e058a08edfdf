import {
  AesGcmCodec,
  Backoff,
  ClsTransactions,
  Job,
  JobInspector,
  MemoryStorage,
  OnJobEvent,
  QueueHandle,
  ScheduleControl,
} from 'nestjs-background-jobs';
import { defineJob, OutboxStorage, Runner } from 'nestjs-background-jobs/core';
import { PostgresStorage } from 'nestjs-background-jobs/postgres';
import { RedisStorage } from 'nestjs-background-jobs/redis';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { JobsTesting } from 'nestjs-background-jobs/testing';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { nearestOf } from '../../../lib/core/nearest.js';
import { parseHealthOptions } from '../../../lib/nest/health/health-options.js';
import { JobsSettings } from '../../../lib/nest/settings/jobs-settings.js';
import { checkProbes } from '../../../lib/nest/worker-process/run-worker-options.js';

class Plain {}

@Job({ name: 'mail' })
class Mail {
  run(): void {}
}

const storage = new MemoryStorage();
const queue = new QueueHandle(storage);
const inspector = new JobInspector(storage);
const settings = (options: object) => JobsSettings.parse(options);

const OF_JOBS = {
  maxRetry: 'maxRetries',
  maxRetrys: 'maxRetries',
  max_retries: 'maxRetries',
  retries: 'maxRetries',
  retry: 'maxRetries',
  queueName: 'queue',
  prio: 'priority',
  backOff: 'backoff',
  timeoutMs: 'timeout',
  uniqueKey: 'unique',
  expires: 'expiresIn',
  debounced: 'debounce',
};

/** By what takes the options: what was written, and what was meant. */
const SLIPS: readonly (readonly [string, (options: never) => unknown, Readonly<Record<string, string>>])[] = [
  [
    '@Job',
    (options: object) => Job({ name: 'plain', ...options })(Plain),
    {
      ...OF_JOBS,
      injects: 'inject',
      validates: 'validate',
      schemas: 'schema',
      alias: 'aliases',
      interval: '',
    },
  ],
  ['defineJob', (options: object) => defineJob(Plain, { name: 'plain', ...options }), OF_JOBS],
  [
    'the unique key of a job',
    (unique) => settings({ defaults: { unique } }),
    { keys: 'key', scopes: 'scope' },
  ],
  [
    'how long a unique key is held',
    (held) => settings({ defaults: { unique: { key: 'k', while: held } } }),
    { fro: 'for' },
  ],
  ['debounce', (debounce) => settings({ defaults: { debounce } }), { delayMs: 'delay', keys: 'key' }],
  ['throttle', (throttle) => settings({ defaults: { throttle } }), { evry: 'every', keys: 'key' }],
  ['order', (order) => settings({ defaults: { order } }), { aging: 'ageing' }],
  ['keep', (keep) => settings({ defaults: { keep } }), { complete: 'completed', die: '', dead_: 'dead' }],
  [
    'Backoff',
    (options) => Backoff.exponential(2, options),
    { maximum: '', jiter: 'jitter', maxDelay: 'max' },
  ],
  [
    'the module',
    settings,
    {
      worker: 'workers',
      queue: 'queues',
      default: 'defaults',
      job: 'jobs',
      interceptor: 'interceptors',
      transaction: 'transactions',
      opentelemetry: 'openTelemetry',
      telemetry: 'openTelemetry',
      redactFields: 'redact',
      concurrency: '',
    },
  ],
  [
    'workers',
    (worker) => settings({ workers: { mail: worker } }),
    { concurency: 'concurrency', concurrent: 'concurrency', maxConcurrency: 'concurrency', stuck: 'onStuck' },
  ],
  [
    'queues',
    (limits) => settings({ queues: { mail: limits } }),
    { concurency: 'concurrency', rates: 'rate', rateLimit: 'rate', group: 'groups', limiter: '' },
  ],
  ['groups', (groups) => settings({ queues: { mail: { groups } } }), { concurrent: 'concurrency' }],
  ['a rate', (rate) => settings({ queues: { mail: { rate } } }), { counts: 'count', max: '' }],
  ['defaults', (defaults) => settings({ defaults }), OF_JOBS],
  ['jobs', (options: object) => settings({ jobs: [{ job: Mail, ...options }] }), OF_JOBS],
  ['shutdown', (shutdown) => settings({ shutdown }), { gracePeriod: 'grace', abortgrace: 'abortGrace' }],
  ['context', (context) => settings({ context }), { carrier: 'carriers', log: 'logs' }],
  ['prometheus', (prometheus) => settings({ prometheus }), { prefx: 'prefix', bucket: 'buckets' }],
  ['openTelemetry', (openTelemetry) => settings({ openTelemetry }), { propagate: 'propagation' }],
  ['probes', checkProbes, { prot: 'port', metric: 'metrics', hostname: '' }],
  ['isHealthy', (options) => parseHealthOptions(options, 'isHealthy'), { maxAge: '', queue: 'queues' }],
  ['@OnJobEvent', (options) => OnJobEvent('dead', options), { jobs: 'job', jobClass: 'job' }],
  ['ClsTransactions', (options) => new ClsTransactions(options), { connection: 'connectionName' }],
  [
    'queue',
    (options) => queue.queue(new Mail(), options),
    {
      ...OF_JOBS,
      jobId: 'id',
      delayMs: 'delay',
      runat: 'runAt',
      tx: '',
      metadata: '',
      attempts: '',
      at: 'runAt',
      key: '',
    },
  ],
  ['a flow', (step: object) => queue.flow({ one: { job: new Mail(), ...step } }), { afters: 'after' }],
  ['wait', (options) => queue.wait('id', options), { timout: 'timeout', timeoutMs: 'timeout' }],
  [
    'every',
    (options: object) => queue.every('1m', new Mail(), { key: 'k', ...options }),
    { ...OF_JOBS, overlaps: 'overlap', jiter: 'jitter' },
  ],
  [
    'cron',
    (options: object) => queue.cron('* * * * *', new Mail(), { key: 'k', ...options }),
    { timezone: 'timeZone', tz: '' },
  ],
  [
    'preview',
    (options) => new ScheduleControl(storage).preview('* * * * *', options),
    { timezone: 'timeZone', counts: 'count' },
  ],
  [
    'list',
    (filter) => inspector.list(filter),
    { que: 'queue', status: 'state', jobName: 'name', groups: 'group' },
  ],
  ['a page', (options) => inspector.list({}, options), { limits: 'limit', cusror: 'cursor' }],
  ['count', (options) => inspector.count({}, options), { upto: 'upTo' }],
  [
    'acts by filter',
    (options) => inspector.remove({ queue: 'mail' }, options),
    { dryrun: 'dryRun', size: 'batchSize' },
  ],
  [
    'JobInspector',
    (options) => new JobInspector(storage, options),
    { redacted: 'redact', schedule: 'schedules' },
  ],
  [
    'Runner',
    (options: object) => new Runner({ storage, handlers: [], queues: {}, ...options }),
    { pollIntervall: 'pollInterval', handler: 'handlers', concurrency: '' },
  ],
  ['AesGcmCodec', (options) => new AesGcmCodec(options), { key: 'keys', field: 'fields' }],
  ['OutboxStorage', (options) => new OutboxStorage(options), { outboxes: 'outbox', poll: 'pollInterval' }],
  [
    'SqliteStorage',
    (options) => new SqliteStorage(options),
    { durabilty: 'durability', filepath: '', db: '' },
  ],
  [
    'PostgresStorage',
    (options) => new PostgresStorage(options),
    { schemaName: 'schema', conectionString: 'connectionString' },
  ],
  ['RedisStorage', (options) => new RedisStorage(options), { keyPrefix: 'prefix', uri: 'url' }],
  [
    'JobsTesting',
    (options) => JobsTesting.install(Test.createTestingModule({}), options),
    { instance: 'instances', onTimes: 'onTime' },
  ],
];

describe.each(SLIPS)('a misspelt option of %s', (_, take, slips) => {
  it.each(Object.entries(slips))('such as %s is answered with what was meant: %s', async (slip, meant) => {
    const hint = meant === '' ? 'Known options: ' : `Did you mean '${meant}'?`;
    const error: unknown = await Promise.resolve()
      .then(() => take({ [slip]: 1 } as never))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`unknown option '${slip}'. ${hint}`) as string,
    });
  });
});

it('guesses at nothing where short words have little in common', () => {
  expect(nearestOf('rate', ['name', 'keep'])).toBeUndefined();
  expect(nearestOf('at', ['id'])).toBeUndefined();
});
