import { InvalidOptionError } from '../core/errors.js';

/**
 * For `change` of a storage; `checkPush` and `checkSupported` do it for new jobs. Throws `InvalidOptionError` for a priority that is
 * no whole number, which not every storage could keep.
 * @publicApi
 */
export function checkPriority(priority: number): void {
  if (Number.isSafeInteger(priority)) return;
  throw new InvalidOptionError(`priority ${priority} is not a whole number`);
}
