import { InvalidOptionError } from '../../core/errors.js';
import type { JobCarrier } from '../../core/job-carrier.js';

const VERSION = '00';
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The headers of W3C Trace Context. @publicApi */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/**
 * Has a job belong to the trace in which it was queued: the span that was active there is the parent of those that the
 * run begins. By W3C Trace Context, whatever propagators the application has; no baggage. Needs `@opentelemetry/api`.
 * @publicApi
 */
export class TraceCarrier implements JobCarrier<TraceContext> {
  readonly name = 'trace';
  #api: Awaited<ReturnType<typeof loadApi>> | undefined;

  /** Throws `InvalidOptionError` when the package is not there. */
  async prepare(): Promise<void> {
    this.#api = await loadApi();
  }

  capture(): TraceContext | undefined {
    const { trace, context, isSpanContextValid } = this.#prepared();
    const span = trace.getSpanContext(context.active());
    if (!span || !isSpanContextValid(span)) return undefined;
    const { traceId, spanId, traceFlags } = span;
    const flags = (traceFlags & 0xff).toString(16).padStart(2, '0');
    const tracestate = span.traceState?.serialize() ?? '';
    const traceparent = [VERSION, traceId, spanId, flags].join('-');
    return tracestate === '' ? { traceparent } : { traceparent, tracestate };
  }

  restore(value: TraceContext | undefined, next: () => unknown): unknown {
    const { trace, context, ROOT_CONTEXT, createTraceState } = this.#prepared();
    const [, traceId, spanId, flags] = TRACEPARENT.exec(String(value?.traceparent)) ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return next();
    const traceState =
      typeof value?.tracestate === 'string' ? { traceState: createTraceState(value.tracestate) } : {};
    const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, ...traceState };
    return context.with(trace.setSpanContext(ROOT_CONTEXT, span), next);
  }

  #prepared() {
    if (this.#api) return this.#api;
    throw new InvalidOptionError(
      'TraceCarrier: prepare() was not awaited. The module does so for its carriers',
    );
  }
}

// What traces nothing needs no tracing.
async function loadApi() {
  try {
    return await import('@opentelemetry/api');
  } catch (cause) {
    throw new InvalidOptionError('TraceCarrier needs the package @opentelemetry/api: install it', { cause });
  }
}
