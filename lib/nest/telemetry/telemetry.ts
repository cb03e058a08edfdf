import type * as otel from '@opentelemetry/api';
import type { Clock } from '../../core/clock.js';
import { InvalidOptionError } from '../../core/errors.js';
import { describeFailure } from '../../core/failure.js';
import type { JobContext } from '../../core/job-context.js';
import type { PushSurroundings } from '../../client/enqueue/push-surroundings.js';
import type { JobHandler } from '../../runtime/handler.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import {
  enqueueDetails,
  enqueueOperation,
  outcomeDetails,
  runDetails,
  runOperation,
  spanName,
  type Attributes,
} from './messaging-attributes.js';
import type { OpenTelemetrySettings } from './open-telemetry-options.js';
import { endOfReturn, endOfThrow, errorType, type RunEnd } from './run-end.js';
import { makeInstruments, type Instruments } from './instruments.js';

/**
 * Spans and metrics of enqueues and runs, through whatever the application registered with `@opentelemetry/api`. Where the
 * option is off there is none of these, and nothing is loaded.
 */
export class Telemetry implements PushSurroundings {
  readonly #api: typeof otel;
  readonly #tracer: otel.Tracer;
  readonly #instruments: Instruments;
  readonly #settings: OpenTelemetrySettings;
  readonly #clock: Clock;

  // Shipped types must not name an optional package; those of a private constructor are left out.
  private constructor(api: typeof otel, settings: OpenTelemetrySettings, clock: Clock) {
    this.#api = api;
    this.#tracer = api.trace.getTracer(SCOPE);
    this.#instruments = makeInstruments(api.metrics.getMeter(SCOPE));
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Throws `InvalidOptionError` where `@opentelemetry/api` is not installed. */
  static async load(settings: OpenTelemetrySettings, clock: Clock): Promise<Telemetry> {
    try {
      return new Telemetry(await import('@opentelemetry/api'), settings, clock);
    } catch (cause) {
      throw new InvalidOptionError(
        'openTelemetry: needs the package @opentelemetry/api: npm install @opentelemetry/api',
        { cause },
      );
    }
  }

  /** A producer span, active while jobs are written, so that what they carry names it. */
  async around(jobs: readonly NewJob[], push: () => Promise<readonly Pushed[]>): Promise<readonly Pushed[]> {
    const { SpanKind, context, trace } = this.#api;
    const operation = enqueueOperation(jobs);
    const attributes = { ...operation, ...enqueueDetails(jobs) };
    const span = this.#tracer.startSpan(spanName(operation), { kind: SpanKind.PRODUCER, attributes });
    const start = this.#clock.monotonic();
    let failure: Attributes = {};
    try {
      return await context.with(trace.setSpan(context.active(), span), push);
    } catch (error) {
      failure = this.#fail(span, error);
      throw error;
    } finally {
      const measured = { ...operation, ...failure };
      this.#instruments.sent(jobs.length, measured);
      this.#instruments.operated(this.#since(start), measured);
      span.end();
    }
  }

  /** A handler whose every run has a consumer span of its own, also one that fails before the code of the job is called. */
  aroundRuns(handler: JobHandler): JobHandler {
    return {
      ...handler,
      run: (job, context) => this.#trace(context, () => handler.run(job, context)),
      notRun: (error, context) => this.#begin(context).end(endOfThrow(error, context)),
    };
  }

  #trace(job: JobContext, run: () => unknown): unknown {
    const { context, trace } = this.#api;
    const { span, end } = this.#begin(job);
    const threw = (error: unknown): never => {
      end(endOfThrow(error, job));
      throw error;
    };
    const returned = (value: unknown): unknown => {
      end(endOfReturn(value, job));
      return value;
    };
    let value: unknown;
    try {
      value = context.with(trace.setSpan(context.active(), span), run);
    } catch (error) {
      return threw(error);
    }
    return isThenable(value) ? Promise.resolve(value).then(returned, threw) : returned(value);
  }

  #begin(job: JobContext): { readonly span: otel.Span; readonly end: (how: RunEnd) => void } {
    const operation = runOperation(job);
    const span = this.#startRun(job, operation);
    const start = this.#clock.monotonic();
    const end = (how: RunEnd) => {
      const failure = how.outcome === 'failed' ? this.#fail(span, how.error) : {};
      span.setAttributes(outcomeDetails(how.outcome));
      span.end();
      const measured = { ...operation, ...failure };
      this.#instruments.consumed(1, measured);
      this.#instruments.processed(this.#since(start), measured);
    };
    return { span, end };
  }

  // The carrier of traces has restored that of the enqueue by now: its span is the active one.
  #startRun(job: JobContext, operation: Attributes): otel.Span {
    const { SpanKind, context, trace } = this.#api;
    const creation = trace.getSpanContext(context.active());
    return this.#tracer.startSpan(spanName(operation), {
      kind: SpanKind.CONSUMER,
      attributes: { ...operation, ...runDetails(job) },
      ...(creation === undefined ? {} : { links: [{ context: creation }] }),
      root: this.#settings.propagation === 'link',
    });
  }

  /** What a measurement tells of the failure too. */
  #fail(span: otel.Span, error: unknown): Attributes {
    const { name, message, stack } = describeFailure(error);
    const type = { 'error.type': errorType(error) };
    span.recordException({ name, message, ...(stack === undefined ? {} : { stack }) });
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    span.setAttributes(type);
    return type;
  }

  /** Seconds. */
  #since(start: number): number {
    return (this.#clock.monotonic() - start) / 1000;
  }
}

const SCOPE = 'nestjs-background-jobs';

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value;
}
