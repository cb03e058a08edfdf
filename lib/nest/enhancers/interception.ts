import { AsyncResource } from 'node:async_hooks';
import type { ExecutionContext, NestInterceptor } from '@nestjs/common';
import { defer, from, lastValueFrom, mergeAll, type Observable } from 'rxjs';

/**
 * Calls the interceptors, the first outermost, around `run`. What comes out of them last is the result; from one that
 * sends nothing at all, `EmptyError` of rxjs, which fails the run.
 */
export async function intercept(
  interceptors: readonly NestInterceptor[],
  context: ExecutionContext,
  run: () => Promise<unknown>,
): Promise<unknown> {
  if (interceptors.length === 0) return run();
  const enter = async (index: number): Promise<Observable<unknown>> => {
    const interceptor = interceptors[index];
    if (interceptor === undefined) return from(run());
    return interceptor.intercept(context, { handle: () => later(() => enter(index + 1)) });
  };
  return lastValueFrom(later(() => enter(0)));
}

// An interceptor may call `handle()` within an AsyncLocalStorage of its own; what it returns is subscribed to outside.
function later(enter: () => Promise<Observable<unknown>>): Observable<unknown> {
  const scope = new AsyncResource('JobInterceptor');
  return defer(() => scope.runInAsyncScope(enter)).pipe(mergeAll());
}
