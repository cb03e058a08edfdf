import { LONGEST_DELAY, parseDuration, type Duration } from './duration.js';
import { InvalidOptionError } from './errors.js';
import { checkKnownOptions } from './known-options.js';

/**
 * Which of the jobs of one priority goes first: the one due first (`fifo`), the one that came last (`lifo`); or with
 * `ageing` a job of a lower priority is overtaken only by those that come so long after it, for each step of priority.
 * Jobs of one queue should have one order.
 * @publicApi
 */
export type OrderOption = 'fifo' | 'lifo' | { readonly ageing: Duration };

/** The order as storages take it; absent for the usual one. */
export function parseOrder(
  order: OrderOption,
  where: string,
  priority = 0,
): 'lifo' | { readonly ageing: number } | undefined {
  if (order === 'fifo') return undefined;
  if (order === 'lifo') return order;
  if (typeof order !== 'object' || order === null) {
    throw new InvalidOptionError(
      `${where} ${JSON.stringify(order)} is neither 'fifo', 'lifo' nor { ageing }`,
    );
  }
  checkKnownOptions(order, ['ageing'], where);
  const ageing = parseDuration(order.ageing, `${where}.ageing`);
  if (ageing === 0) throw new InvalidOptionError(`${where}.ageing must be longer than 0`);
  // Beyond that it would be no order in time any more, nor a number that every storage keeps exactly.
  if (Math.abs(priority) * ageing <= LONGEST_DELAY) return { ageing };
  throw new InvalidOptionError(
    `${where}.ageing: ${ageing} ms for each step of a priority of ${priority} is more than ten years`,
  );
}
