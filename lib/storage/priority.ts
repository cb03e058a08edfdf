import { InvalidOptionError } from '../core/errors.js';

/** Refuses what not every storage can keep, in the same words on each. */
export function checkPriority(priority: number): void {
  if (Number.isSafeInteger(priority)) return;
  throw new InvalidOptionError(`priority ${priority} is not a whole number`);
}
