import { InvalidOptionError } from '../core/errors.js';

const LARGEST_PAGE = 1000;

/** Refuses pages that a storage would have to hold in memory, or that make no sense. */
export function checkPageLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LARGEST_PAGE) return;
  throw new InvalidOptionError(
    `list: limit ${String(limit)} is not a whole number from 1 to ${LARGEST_PAGE}`,
  );
}

/** The number in a cursor of a storage that counts arrivals. */
export function decodeCursor(cursor: string): number {
  if (/^\d{1,16}$/.test(cursor)) return Number(cursor);
  throw new InvalidOptionError(`list: cursor ${JSON.stringify(cursor)} is none that a page gave`);
}
