import { UnsupportedError } from '../../core/errors.js';
import type { JobTemplate } from '../../storage/schedules.js';

/** Refuses what the storage could not honour, before anything is stored. */
export function checkSupported(jobs: readonly JobTemplate[]): void {
  for (const { name, group, expiresIn } of jobs) {
    if (group !== undefined) throw new UnsupportedError(`Job '${name}': the memory storage has no groups`);
    if (expiresIn !== undefined) {
      throw new UnsupportedError(`Job '${name}': the memory storage does not expire jobs`);
    }
  }
}

export function refuseTransaction(transaction: unknown): void {
  if (transaction === undefined) return;
  throw new UnsupportedError('push: the memory storage has no transactions to join');
}
