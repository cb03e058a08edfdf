import { InvalidOptionError } from '../core/errors.js';

/** Refuses what not every storage can keep. */
export function checkPriority(priority: number): number {
  if (Number.isSafeInteger(priority) && Math.abs(priority) < 2 ** 31) return priority;
  throw new InvalidOptionError(`priority: ${String(priority)} is not a whole number between -2^31 and 2^31`);
}
