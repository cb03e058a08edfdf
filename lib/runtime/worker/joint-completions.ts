import { LeaseLostError } from '../../core/run-errors.js';
import type { Settlement } from '../../core/settlement.js';
import type { StorageLink } from '../storage-link.js';
import type { Execution } from './execution.js';

/**
 * Completions that are written in transactions of the application's own. Whether one stands is known to the storage
 * alone, so it is asked where that matters; whatever is written meanwhile is guarded by the token as ever.
 */
export class JointCompletions {
  readonly #link: StorageLink;

  constructor(link: StorageLink) {
    this.#link = link;
  }

  /** Rejects when the completion must not stand: the transaction is then to be rolled back. */
  async write(execution: Execution, settlement: Settlement, transaction: unknown): Promise<void> {
    const { job, abort, isSettled } = execution;
    if (abort?.kind === 'timeout' || abort?.kind === 'lost') throw abort.error;
    if (isSettled) throw lost(job.id);
    const before = execution.mayBeCompleted;
    execution.mayBeCompleted = true;
    try {
      // Called at once and without a limit: a transaction may end with the turn it was begun in, and it is the
      // application that knows how long it may take.
      const { storage } = this.#link;
      const { results } = await storage.complete([{ lease: job, settlement }], undefined, transaction);
      if (results[0] !== 'recorded') throw lost(job.id);
    } catch (error) {
      execution.mayBeCompleted = before;
      throw error;
    }
  }

  /** Whether the completion was committed. Should the storage not answer, it is taken for rolled back. */
  async stands({ job }: Execution): Promise<boolean> {
    try {
      const [record] = await this.#link.call('look', (storage) => storage.info([job.id]));
      return record === undefined || (record.state === 'completed' && record.token === job.token);
    } catch {
      return false;
    }
  }
}

function lost(id: string): LeaseLostError {
  return new LeaseLostError(`The lease of job ${id} is lost: another runner may have it. Roll back`);
}
