import { Scope, type FactoryProvider } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { JobContext } from '../../core/job-context.js';

/**
 * Lets request-scoped providers inject the `JobContext` of the run they are made for; `undefined` where they are made
 * for something else, such as a web request.
 */
export const jobContextProvider: FactoryProvider<JobContext | undefined> = {
  provide: JobContext,
  scope: Scope.REQUEST,
  inject: [REQUEST],
  useFactory: (request: object | undefined) => request && contexts.get(request),
};

/** Has `REQUEST`, which is the job, lead to the context of its run. */
export function noteContext(job: object, context: JobContext): void {
  contexts.set(job, context);
}

const contexts = new WeakMap<object, JobContext>();
