import type { Order } from '../../../storage/new-job.js';

/** Where a ready job stands in its queue: lowest rank first, then lowest place; then due time, then arrival. */
export interface Position {
  readonly rank: number;
  readonly place: number;
}

/** An order as it is stored: null where none was asked for, else this, or the milliseconds of an ageing one. */
const LIFO = -1;

export function storedOrder(order: Order | undefined): number | null {
  if (order === undefined) return null;
  return order === 'lifo' ? LIFO : Math.round(order.ageing);
}

/** The position of a job of this stored order. Needed anew whenever its priority or its time changes. */
export function positionOf(order: number | null, seq: number, priority: number, runAt: number): Position {
  if (order === null) return { rank: priority, place: runAt };
  // Before every time there is, and the newest first.
  if (order === LIFO) return { rank: priority, place: -seq };
  const place = Math.max(0, runAt + priority * order);
  return { rank: 0, place: Math.min(place, Number.MAX_SAFE_INTEGER) };
}
