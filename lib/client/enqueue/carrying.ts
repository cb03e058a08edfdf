import { encodeCarried, markCarried } from '../../core/carried.js';
import type { JobCarrier } from '../../core/job-carrier.js';
import type { NewJob } from '../../storage/new-job.js';

/** Told of a carrier that threw. */
export type CarrierFailed = (carrier: string, error: unknown) => void;

/** What goes along with jobs from where they are queued. */
export class Carrying {
  readonly #carriers: readonly JobCarrier[];
  readonly #onFailed: CarrierFailed;

  constructor(carriers: readonly JobCarrier[], onFailed: CarrierFailed = () => {}) {
    this.#carriers = carriers;
    this.#onFailed = onFailed;
  }

  /** The same jobs, with what is captured here and now. Throws `InvalidContextError` for what cannot be stored. */
  load(jobs: readonly NewJob[]): readonly NewJob[] {
    const carried = this.#carriers.length === 0 ? undefined : this.#capture();
    if (carried === undefined) return jobs;
    return jobs.map((job) => ({ ...job, meta: markCarried(carried, job.meta) }));
  }

  #capture(): string | undefined {
    const values: Record<string, unknown> = {};
    for (const carrier of this.#carriers) {
      try {
        const value = carrier.capture();
        if (value !== undefined) values[carrier.name] = value;
      } catch (error) {
        this.#onFailed(carrier.name, error);
      }
    }
    return Object.keys(values).length === 0 ? undefined : encodeCarried(values);
  }
}
