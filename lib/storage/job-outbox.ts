import type { NewJob } from './new-job.js';

/**
 * Where jobs wait in the application's own database until they are moved to a storage that is elsewhere.
 * @publicApi
 */
export abstract class JobOutbox {
  /** Connects, and makes the table where it is missing. Safe to repeat. */
  abstract open(): Promise<void>;

  /** Closes what `open` opened. Safe to repeat and before `open`. */
  abstract close(): Promise<void>;

  /**
   * Puts jobs in, within the application's running transaction. Throws `InvalidTransactionError` for what is none. An
   * outbox narrows its type to what it can join.
   */
  abstract put(jobs: readonly NewJob[], transaction: unknown): Promise<void>;

  /**
   * Takes up to `limit` jobs out once `push` has resolved for them; when it rejects, or the process dies before they
   * are out, they are handed to a later `push` again. In order of arrival. Any number of processes may do so at once:
   * none gets what another has in hand. A delay of a job counts from its arrival. Resolves to how many were moved.
   */
  abstract move(limit: number, push: (jobs: readonly NewJob[]) => Promise<unknown>): Promise<number>;
}
