import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { caughtBy } from '../container/nest-metadata.js';

/**
 * What a failed run fails with: the error itself, or what the innermost filter that catches it throws instead. What the
 * filter returns changes nothing, or an `async catch()` would complete every job that fails.
 */
export async function filtered(
  filters: readonly ExceptionFilter[],
  error: unknown,
  host: ArgumentsHost,
): Promise<unknown> {
  const filter = filters.findLast((each) => catches(each, error));
  if (filter === undefined) return error;
  try {
    // oxlint-disable-next-line valid-params -- the method of a filter, not of a promise
    await filter.catch(error, host);
    return error;
  } catch (thrown) {
    return thrown;
  }
}

function catches(filter: ExceptionFilter, error: unknown): boolean {
  const classes = caughtBy(filter);
  return (
    classes.length === 0 ||
    classes.some((each) => typeof each === 'function' && error instanceof (each as new () => unknown))
  );
}
