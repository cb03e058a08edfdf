/** Past this many, what is remembered is given up: leases that were lost are not all reported. */
const MOST = 50_000;

/** What is known of a job that was claimed here. */
export interface HeldJob {
  /** Whether it has to do with other jobs. */
  readonly isTied: boolean;
  /** Its queue, where others may wait for its end. */
  readonly bounded: string | undefined;
}

/**
 * What is known of jobs that were claimed here and are not like most. It saves statements and proves nothing: whoever ends
 * a job that is not known here learns from the row what it is.
 */
export class HeldJobs {
  readonly #jobs = new Map<string, HeldJob>();

  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  /** `lease`: key and token. */
  remember(lease: string, job: HeldJob): void {
    if (this.#jobs.size >= MOST) this.#jobs.clear();
    this.#jobs.set(lease, job);
  }

  of(lease: string): HeldJob | undefined {
    return this.#jobs.get(lease);
  }

  forget(lease: string): void {
    this.#jobs.delete(lease);
  }
}
