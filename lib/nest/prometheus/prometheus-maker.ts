import { InvalidOptionError } from '../../core/errors.js';
import type { Counter, Gauge, Histogram, MetricOptions, PrometheusClient } from './prometheus-client.js';
import type { PrometheusRegistry, PrometheusSettings } from './prometheus-options.js';

/** Makes metrics in one registry, under one prefix, and takes them away again. */
export class PrometheusMaker {
  readonly registry: PrometheusRegistry;
  readonly #client: PrometheusClient;
  readonly #settings: PrometheusSettings;
  readonly #made: string[] = [];

  constructor(client: PrometheusClient, settings: PrometheusSettings) {
    this.#client = client;
    this.#settings = settings;
    this.registry = settings.registry ?? client.register;
  }

  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new this.#client.Counter({ ...this.#place(name), help, labelNames: [...labelNames] });
  }

  histogram(name: string, help: string, labelNames: readonly string[]): Histogram {
    const buckets = [...this.#settings.buckets];
    return new this.#client.Histogram({ ...this.#place(name), help, labelNames: [...labelNames], buckets });
  }

  /** `collect` is called at each scrape, for each gauge, and sets it. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (gauge: Gauge) => void | Promise<void>,
  ): void {
    const gauge: Gauge = new this.#client.Gauge({
      ...this.#place(name),
      help,
      labelNames: [...labelNames],
      collect: () => collect(gauge),
    });
  }

  /** Whether another registry has metrics of the same names: both in one answer would be none. */
  collidesWith(other: PrometheusRegistry): boolean {
    return other !== this.registry && this.#made.some((name) => other.getSingleMetric(name) !== undefined);
  }

  /** So that an application that starts again in this process finds the names free. */
  remove(): void {
    for (const name of this.#made) this.registry.removeSingleMetric(name);
  }

  #place(suffix: string): Pick<MetricOptions, 'name' | 'registers'> {
    const name = `${this.#settings.prefix}${suffix}`;
    if (this.registry.getSingleMetric(name) !== undefined) {
      throw new InvalidOptionError(
        `prometheus: the registry has a metric ${name} already, of another application or instance in this process. ` +
          'Give each a registry or a prefix of its own',
      );
    }
    this.#made.push(name);
    return { name, registers: [this.registry] };
  }
}
