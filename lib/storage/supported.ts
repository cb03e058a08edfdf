import { UnsupportedError } from '../core/errors.js';
import type { Capabilities } from './capabilities.js';
import { checkFlows } from './flow-check.js';
import type { JobChange } from './inspection.js';
import type { NewJob } from './new-job.js';
import type { JobTemplate } from './schedules.js';
import { checkPriority } from './priority.js';
import type { Storage } from './storage.js';

type Supporting = Pick<Storage, 'name' | 'capabilities'>;

/**
 * For `putSchedules` and `fire` of a storage: throws `UnsupportedError` where a job asks for what its capabilities declare
 * that it cannot do, and `InvalidOptionError` for a priority as in `checkChange`. To be called before anything is stored.
 * @publicApi
 */
export function checkSupported(jobs: readonly (NewJob | JobTemplate)[], storage: Supporting): void {
  for (const job of jobs) {
    checkPriority(job.priority);
    if (job.group !== undefined) check(job, storage, 'groups', 'has no groups');
    if (job.expiresIn !== undefined) check(job, storage, 'expiry', 'does not expire jobs');
    if (job.order !== undefined) check(job, storage, 'order', 'knows one order only');
    if (
      job.unique !== undefined &&
      (job.unique.replace !== undefined || typeof job.unique.while === 'object')
    ) {
      check(job, storage, 'replacing', 'holds unique keys for as long as jobs live, and replaces none');
    }
    if ('after' in job || 'flow' in job) check(job, storage, 'flows', 'has no jobs that wait for others');
  }
}

/**
 * For `push` of a storage: like `checkSupported`, and throws `InvalidOptionError` for jobs that wait for what never comes.
 * @publicApi
 */
export function checkPush(jobs: readonly NewJob[], storage: Supporting): void {
  checkSupported(jobs, storage);
  checkFlows(jobs);
}

/**
 * For `change` of a storage: throws `InvalidOptionError` for a priority that is no whole number, or beyond what all storages keep.
 * @publicApi
 */
export function checkChange({ priority }: JobChange): void {
  if (priority !== undefined) checkPriority(priority);
}

function check({ name }: JobTemplate, storage: Supporting, what: keyof Capabilities, problem: string): void {
  if (!storage.capabilities[what])
    throw new UnsupportedError(`Job '${name}': the ${storage.name} storage ${problem}`);
}

/**
 * For `push` and `complete` of a storage that has no `transactions`: throws `UnsupportedError` when it is given one.
 * @publicApi
 */
export function refuseTransaction(transaction: unknown, storage: string): void {
  if (transaction === undefined) return;
  throw new UnsupportedError(
    `transaction: the ${storage} storage can join none of the application's. Wrap it into an OutboxStorage, and jobs ` +
      `are kept in an outbox table of the transaction's own database until they are moved here`,
  );
}
