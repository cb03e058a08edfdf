import type { Settlement } from '../../core/settlement.js';
import type { Completion } from '../../storage/claims.js';
import type { Execution } from './execution.js';

const LARGEST_BATCH = 1_000;

/** Ends of runs on their way to the storage. */
export interface Batch {
  readonly executions: readonly Execution[];
  readonly completions: readonly Completion[];
}

/**
 * Ends of runs that wait to be recorded. None leaves before the storage has answered for it. After a failure the
 * batches get smaller, so that one end that cannot be written does not keep the others.
 */
export class Outbox {
  #executions: Execution[] = [];
  #completions: Completion[] = [];
  #limit = LARGEST_BATCH;

  get size(): number {
    return this.#executions.length;
  }

  add(execution: Execution, settlement: Settlement): void {
    this.#executions.push(execution);
    this.#completions.push({ lease: execution.job, settlement });
  }

  take(): Batch {
    if (this.#executions.length > this.#limit) {
      return {
        executions: this.#executions.splice(0, this.#limit),
        completions: this.#completions.splice(0, this.#limit),
      };
    }
    const batch = { executions: this.#executions, completions: this.#completions };
    this.#executions = [];
    this.#completions = [];
    return batch;
  }

  /** The batch was answered. */
  succeeded(): void {
    this.#limit = Math.min(LARGEST_BATCH, this.#limit * 2);
  }

  /** Whether the batch was written is unknown: it will be sent again as it is, behind what has gathered. */
  failed(batch: Batch): void {
    this.#limit = Math.max(1, Math.ceil(Math.min(batch.executions.length, this.#limit) / 2));
    this.#executions.push(...batch.executions);
    this.#completions.push(...batch.completions);
  }
}
