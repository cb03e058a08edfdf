import type { Attributes } from './messaging-attributes.js';

/** What is used of a meter. Described here, not imported, since shipped types must not name an optional package. */
interface Meter {
  createCounter(
    name: string,
    options: InstrumentOptions,
  ): { add(value: number, attributes: Attributes): void };
  createHistogram(
    name: string,
    options: InstrumentOptions,
  ): { record(value: number, attributes: Attributes): void };
}

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries: number[] };
}

/** The measurements that the semantic conventions for messaging name. Lengths are seconds. */
export interface Instruments {
  sent(count: number, attributes: Attributes): void;
  consumed(count: number, attributes: Attributes): void;
  operated(length: number, attributes: Attributes): void;
  processed(length: number, attributes: Attributes): void;
}

// The conventions' own end at ten seconds, which is short for jobs.
const BOUNDARIES = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 900, 3600,
];

/** Makes them with a meter of `@opentelemetry/api`. */
export function makeInstruments(meter: Meter): Instruments {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } };
  const sent = meter.createCounter('messaging.client.sent.messages', {
    description: 'Jobs that were queued, or were to be',
    unit: '{message}',
  });
  const consumed = meter.createCounter('messaging.client.consumed.messages', {
    description: 'Runs of jobs',
    unit: '{message}',
  });
  const operated = meter.createHistogram('messaging.client.operation.duration', {
    description: 'How long the storage took to queue jobs',
    ...seconds,
  });
  const processed = meter.createHistogram('messaging.process.duration', {
    description: 'How long runs took',
    ...seconds,
  });
  return {
    sent: (count, attributes) => sent.add(count, attributes),
    consumed: (count, attributes) => consumed.add(count, attributes),
    operated: (length, attributes) => operated.record(length, attributes),
    processed: (length, attributes) => processed.record(length, attributes),
  };
}
