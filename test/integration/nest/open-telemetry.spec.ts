import {
  context as contexts,
  metrics,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import {
  Backoff,
  BackgroundJobsModule,
  Job,
  MemoryStorage,
  NonRetryableError,
  QueueHandle,
  Storage,
  type BackgroundJobsOptions,
  type JobContext,
} from 'nestjs-background-jobs';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Type } from '@nestjs/common';
import type { JobRecord } from '../../../lib/core/job.js';
import { boot, bootError } from './application.js';

@Job({ name: 'errand', queue: 'town', backoff: Backoff.linear(0.01) })
class Errand {
  constructor(readonly end: 'return' | 'throw' | 'fail once' | 'give up' | 'snooze' | 'wait' = 'return') {}

  async run(context: JobContext): Promise<unknown> {
    trace.getTracer('test').startSpan('inside').end();
    if (this.end === 'throw') throw new TypeError('no shop is open');
    if (this.end === 'fail once' && context.attempt === 1) throw new RangeError('too far');
    if (this.end === 'give up') throw new NonRetryableError('no such town');
    if (this.end === 'snooze') return context.snooze('1h');
    if (this.end === 'wait') {
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
      throw context.signal.reason;
    }
    return 'bread';
  }
}

/** A real SDK that keeps what it is given, registered as an application would do it. */
function registerSdk() {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  contexts.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meters);
  onTestFinished(async () => {
    for (const api of [trace, contexts, propagation, metrics]) api.disable();
    await meters.shutdown();
  });
  return { spans, measured, reader };
}

async function start(
  options: BackgroundJobsOptions = { openTelemetry: true },
  providers: readonly Type[] = [Errand],
) {
  const sdk = registerSdk();
  const imports = [BackgroundJobsModule.forRoot(options)];
  const { app } = await boot({ imports, providers: [...providers] });
  const named = (name: string): ReadableSpan[] =>
    sdk.spans.getFinishedSpans().filter((span) => span.name === name);
  /** Waits until so many spans of that name have ended. */
  const ended = async (name: string, count = 1): Promise<ReadableSpan[]> => {
    await expect.poll(() => named(name).length).toBe(count);
    return named(name);
  };
  return { app, ...sdk, named, ended, queue: app.get(QueueHandle) };
}

it('makes a producer span of an enqueue and a consumer span of each run, as the conventions name them', async () => {
  const { queue, ended } = await start();
  const { id } = await queue.queue(new Errand());
  const [enqueue] = await ended('enqueue town');
  expect(enqueue).toMatchObject({
    kind: SpanKind.PRODUCER,
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'messaging.system': 'nestjs_background_jobs',
      'messaging.system.name': 'nestjs_background_jobs',
      'messaging.operation.name': 'enqueue',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'town',
      'messaging.message.id': id,
      'messaging.nestjs_background_jobs.job.name': 'errand',
    },
  });
  const [process] = await ended('process town');
  expect(process).toMatchObject({
    kind: SpanKind.CONSUMER,
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'town',
      'messaging.message.id': id,
      'messaging.nestjs_background_jobs.job.name': 'errand',
      'messaging.nestjs_background_jobs.job.attempt': 1,
      'messaging.nestjs_background_jobs.job.max_attempts': 6,
      'messaging.nestjs_background_jobs.job.outcome': 'completed',
    },
  });
  const [inside] = await ended('inside');
  expect(inside?.parentSpanContext?.spanId).toBe(process?.spanContext().spanId);
});

it('makes one span of a batch, which says how many, and of which queue if it is one', async () => {
  const { queue, ended } = await start();
  await queue.queueAll([new Errand(), new Errand()]);
  const [batch] = await ended('enqueue town');
  expect(batch?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 });
  expect(batch?.attributes).not.toHaveProperty(['messaging.message.id']);
});

it('makes a span of its own of each retry, and records the failure of the first', async () => {
  const { queue, ended } = await start();
  await queue.queue(new Errand('fail once'));
  const [first, second] = await ended('process town', 2);
  expect(first).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'too far' },
    attributes: {
      'error.type': 'RangeError',
      'messaging.nestjs_background_jobs.job.attempt': 1,
      'messaging.nestjs_background_jobs.job.outcome': 'failed',
    },
    events: [{ name: 'exception', attributes: { 'exception.message': 'too far' } }],
  });
  expect(second).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'messaging.nestjs_background_jobs.job.attempt': 2,
      'messaging.nestjs_background_jobs.job.outcome': 'completed',
    },
  });
});

it('joins enqueue and runs, retries too, in one trace: each run a child of the span that queued the job, and linked to it', async () => {
  const { queue, ended } = await start();
  const request = trace.getTracer('test').startSpan('POST /errands');
  await contexts.with(trace.setSpan(contexts.active(), request), () => queue.queue(new Errand('fail once')));
  request.end();
  const runs = await ended('process town', 2);
  const [enqueue] = await ended('enqueue town');
  expect(enqueue?.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  for (const run of runs) {
    expect(run.spanContext().traceId).toBe(request.spanContext().traceId);
    expect(run.parentSpanContext?.spanId).toBe(enqueue?.spanContext().spanId);
    expect(run.links.map(({ context }) => context.spanId)).toEqual([enqueue?.spanContext().spanId]);
  }
});

it('gives runs traces of their own where that is wanted, linked to the span that queued the job', async () => {
  const { queue, ended } = await start({ openTelemetry: { propagation: 'link' } });
  await queue.queue(new Errand());
  const [run] = await ended('process town');
  const [enqueue] = await ended('enqueue town');
  expect(run?.parentSpanContext).toBeUndefined();
  expect(run?.spanContext().traceId).not.toBe(enqueue?.spanContext().traceId);
  expect(run?.links.map(({ context }) => context.spanId)).toEqual([enqueue?.spanContext().spanId]);
});

it('takes a snooze, a cancel and a shutdown for no failures', async () => {
  const { app, queue, ended, named } = await start({ openTelemetry: true, shutdown: { grace: 0 } });
  await queue.queue(new Errand('snooze'));
  const [snoozed] = await ended('process town');
  expect(snoozed).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { 'messaging.nestjs_background_jobs.job.outcome': 'snoozed' },
  });
  const waiting = await queue.queue(new Errand('wait'));
  await expect.poll(() => queue.info(waiting.id)).toMatchObject({ state: 'running' });
  await queue.cancel(waiting.id);
  expect((await ended('process town', 2))[1]).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { 'messaging.nestjs_background_jobs.job.outcome': 'cancelled' },
  });
  const last = await queue.queue(new Errand('wait'));
  await expect.poll(() => queue.info(last.id)).toMatchObject({ state: 'running' });
  await app.close();
  expect(named('process town')[2]).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { 'messaging.nestjs_background_jobs.job.outcome': 'released' },
  });
});

it('fails the span of a run that overran its time, whatever it did then', async () => {
  const { queue, ended } = await start();
  await queue.queue(new Errand('wait'), { timeout: 20, maxRetries: 0 });
  expect((await ended('process town'))[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': 'JobTimeoutError' },
  });
});

it('fails the span of an enqueue that the storage refused', async () => {
  const { app, queue, ended } = await start({ openTelemetry: true, workers: false });
  await app.close();
  await expect(queue.queue(new Errand())).rejects.toThrow(/open/);
  expect((await ended('enqueue town'))[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': 'StorageClosedError' },
  });
});

it('measures by the conventions, with labels of few values', async () => {
  const { queue, ended, measured, reader } = await start();
  await queue.queueAll([new Errand(), new Errand('give up')]);
  await ended('process town', 2);
  await reader.forceFlush();
  const points = measured
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics: all }) => all)
    .map(({ descriptor, dataPoints }) => ({
      name: descriptor.name,
      unit: descriptor.unit,
      points: dataPoints.map(({ attributes, value }) => ({
        error: attributes['error.type'],
        count: typeof value === 'number' ? value : (value as { count: number }).count,
      })),
      labels: new Set(dataPoints.flatMap(({ attributes }) => Object.keys(attributes))),
    }));
  const byName = Object.fromEntries(points.map((point) => [point.name, point]));
  expect(byName['messaging.client.sent.messages']?.points).toEqual([{ count: 2 }]);
  const runs = [{ count: 1 }, { error: 'NonRetryableError', count: 1 }];
  expect(byName['messaging.client.consumed.messages']?.points).toEqual(runs);
  expect(byName['messaging.process.duration']).toMatchObject({ unit: 's', points: runs });
  expect(byName['messaging.client.operation.duration']).toMatchObject({ unit: 's', points: [{ count: 1 }] });
  expect(byName['messaging.process.duration']?.labels).toEqual(
    new Set([
      'messaging.system',
      'messaging.system.name',
      'messaging.operation.name',
      'messaging.destination.name',
      'error.type',
    ]),
  );
});

it('makes nothing when the option is off', async () => {
  const { queue, spans } = await start({});
  const { id } = await queue.queue(new Errand());
  await expect.poll(() => queue.info(id)).toMatchObject({ state: 'completed' });
  expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(['inside']);
});

it('refuses options that cannot be', async () => {
  const messageOf = async (openTelemetry: unknown) =>
    (
      await bootError({
        imports: [BackgroundJobsModule.forRoot({ openTelemetry: openTelemetry as boolean })],
      })
    ).message;
  expect(await messageOf('yes')).toMatch(/openTelemetry: "yes" is neither/);
  expect(await messageOf({ propagation: 'both' })).toMatch(
    /propagation: "both" is neither 'parent' nor 'link'/,
  );
  expect(await messageOf({ propagaton: 'link' })).toMatch(/Did you mean 'propagation'/);
});

@Job({ name: 'parcel', queue: 'town', schema: z.object({ weight: z.number().max(30) }) })
class Parcel {
  constructor(readonly weight: number) {}

  run(): void {}
}

it.each([
  ['is no JSON', '{'],
  ['does not fit its schema', '{"weight":31}'],
])('a payload that %s has the span of a failed run, in the trace of its enqueue', async (_what, payload) => {
  const { queue, app, ended, measured, reader } = await start({ openTelemetry: true, workers: false }, [
    Parcel,
  ]);
  const { id } = await queue.queue(new Parcel(3));
  const [record] = await app.get(Storage).info([id]);
  const [enqueue] = await ended('enqueue town');
  // As a process with another schema, or a hand in the database, would leave it.
  const storage = new MemoryStorage();
  await storage.open();
  await storage.push([{ ...(record as JobRecord), payload, due: { in: 0 } }]);
  const imports = [BackgroundJobsModule.forRoot({ openTelemetry: true, storage })];
  const worker = await boot({ imports, providers: [Parcel] });
  const [process] = await ended('process town');
  expect(process).toMatchObject({
    kind: SpanKind.CONSUMER,
    status: { code: SpanStatusCode.ERROR },
    parentSpanContext: { spanId: enqueue?.spanContext().spanId },
    attributes: {
      'messaging.message.id': id,
      'messaging.nestjs_background_jobs.job.outcome': 'failed',
      'error.type': 'InvalidPayloadError',
    },
  });
  await expect
    .poll(() => worker.app.get(QueueHandle).info(id))
    .toMatchObject({ state: 'dead', reason: 'invalid-payload' });
  await reader.forceFlush();
  const names = measured
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .map(({ descriptor }) => descriptor.name);
  expect(names).toContain('messaging.client.consumed.messages');
});
