import type { Settlement } from '../../core/settlement.js';
import type { Completion } from '../../storage/claims.js';
import type { Execution } from './execution.js';

const LARGEST_BATCH = 1_000;

/** The end of a run on its way to the storage. */
export interface RunEnd extends Completion {
  readonly execution: Execution;
}

/**
 * Ends of runs that wait to be recorded. None leaves before the storage has answered for it. After a failure the
 * batches get smaller, so that one end that cannot be written does not keep the others.
 */
export class Outbox {
  #ends: RunEnd[] = [];
  #limit = LARGEST_BATCH;

  get size(): number {
    return this.#ends.length;
  }

  add(execution: Execution, settlement: Settlement): void {
    this.#ends.push({ lease: execution.job, settlement, execution });
  }

  take(): readonly RunEnd[] {
    if (this.#ends.length > this.#limit) return this.#ends.splice(0, this.#limit);
    const batch = this.#ends;
    this.#ends = [];
    return batch;
  }

  /** The batch was answered. */
  succeeded(): void {
    this.#limit = Math.min(LARGEST_BATCH, this.#limit * 2);
  }

  /** Whether the batch was written is unknown: it will be sent again as it is, behind what has gathered. */
  failed(batch: readonly RunEnd[]): void {
    this.#limit = Math.max(1, Math.ceil(Math.min(batch.length, this.#limit) / 2));
    this.#ends.push(...batch);
  }
}
