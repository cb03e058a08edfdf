import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';

/** Metrics for Prometheus, through `prom-client`. @publicApi */
export interface PrometheusOptions {
  /** A registry of `prom-client`; each application of a process needs its own. @default the one of `prom-client` */
  readonly registry?: PrometheusRegistry;
  /** Stands before each name. @default 'jobs_' */
  readonly prefix?: string;
  /** Upper bounds of the two histograms, in seconds, ascending. @default 16 from 5 ms to an hour */
  readonly buckets?: readonly number[];
}

/** What is needed of a registry of `prom-client`. @publicApi */
export interface PrometheusRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

/** The same, checked; where no registry is given, it is that of `prom-client`. */
export interface PrometheusSettings {
  readonly registry: PrometheusRegistry | undefined;
  readonly prefix: string;
  readonly buckets: readonly number[];
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** `undefined`: nobody wants metrics. Throws `InvalidOptionError`. */
export function parsePrometheus(
  option: boolean | PrometheusOptions | undefined,
): PrometheusSettings | undefined {
  if (option === undefined || option === false) return undefined;
  const options = option === true ? {} : option;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(`prometheus: ${JSON.stringify(option)} is neither a boolean nor an object`);
  }
  checkKnownOptions(options, ['registry', 'prefix', 'buckets'], 'prometheus');
  const { registry, prefix = 'jobs_', buckets = BUCKETS } = options;
  if (registry !== undefined && typeof registry?.metrics !== 'function') {
    throw new InvalidOptionError('prometheus.registry: must be a Registry of prom-client');
  }
  if (typeof prefix !== 'string' || !/^([a-zA-Z_][a-zA-Z0-9_]*)?$/.test(prefix)) {
    throw new InvalidOptionError(
      `prometheus.prefix: ${JSON.stringify(prefix)} is not made of letters, digits and _`,
    );
  }
  if (!isAscending(buckets)) {
    throw new InvalidOptionError(`prometheus.buckets: must be ascending numbers of seconds`);
  }
  return { registry, prefix, buckets };
}

function isAscending(buckets: readonly number[]): boolean {
  return (
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.every(
      (bound, nth) => Number.isFinite(bound) && (nth === 0 || bound > (buckets[nth - 1] ?? bound)),
    )
  );
}
