import { UnsupportedError } from '../core/errors.js';
import type { JobTemplate } from './schedules.js';

/** Refuses what the storage could not honour, before anything is stored. */
export function checkSupported(jobs: readonly JobTemplate[], storage: string): void {
  for (const { name, group, expiresIn } of jobs) {
    if (group !== undefined)
      throw new UnsupportedError(`Job '${name}': the ${storage} storage has no groups`);
    if (expiresIn !== undefined) {
      throw new UnsupportedError(`Job '${name}': the ${storage} storage does not expire jobs`);
    }
  }
}

/** For storages whose data is in no database of the application's. */
export function refuseTransaction(transaction: unknown, storage: string): void {
  if (transaction === undefined) return;
  throw new UnsupportedError(
    `transaction: the ${storage} storage can join none of the application's. Wrap it into an OutboxStorage, and jobs ` +
      `are kept in an outbox table of the transaction's own database until they are moved here`,
  );
}
