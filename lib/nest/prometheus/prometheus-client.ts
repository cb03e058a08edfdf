import { InvalidOptionError } from '../../core/errors.js';
import type { PrometheusRegistry } from './prometheus-options.js';

type Labels = Readonly<Record<string, string>>;

/**
 * What is used of `prom-client`. Described here, not imported: the types of this package have to hold for applications
 * that have none.
 */
export interface PrometheusClient {
  readonly Counter: new (options: MetricOptions) => Counter;
  readonly Histogram: new (options: MetricOptions & { buckets: number[] }) => Histogram;
  readonly Gauge: new (options: MetricOptions & { collect: () => void | Promise<void> }) => Gauge;
  readonly register: PrometheusRegistry;
}

/** What every metric is made with. */
export interface MetricOptions {
  name: string;
  help: string;
  labelNames: string[];
  registers: PrometheusRegistry[];
}

/** A number that grows. */
export interface Counter {
  inc(labels?: Labels, value?: number): void;
}

/** How often values of each size came. */
export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** A number of this moment. */
export interface Gauge {
  reset(): void;
  set(value: number): void;
  set(labels: Labels, value: number): void;
  inc(labels: Labels, value: number): void;
}

/** Throws `InvalidOptionError` where the package is not installed. */
export async function loadPrometheus(): Promise<PrometheusClient> {
  try {
    const { default: client } = await import('prom-client');
    // Its types want a registry of its own class, which the option's was checked to be, as far as it is used.
    return client as unknown as PrometheusClient;
  } catch (cause) {
    throw new InvalidOptionError('prometheus: needs the package prom-client: npm install prom-client', {
      cause,
    });
  }
}
