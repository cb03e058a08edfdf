import { ContextIdFactory, type ContextId, type ModuleRef } from '@nestjs/core';
import type { JobContext } from '../core/job-context.js';
import type { JobDefinition } from '../core/job-definition.js';
import { dependencySource } from './dependency-source.js';
import type { HostModule } from './module-place.js';
import { moduleRefOf } from './provider-lookup.js';
import { readRunParameters } from './run-parameters.js';

/** Runs one job: what a handler does. */
export type Run = (job: object, context: JobContext) => unknown;

/**
 * Decides at boot how `run` of a job class gets what it injects. Where everything is a singleton, it is resolved
 * here and now, and a run costs no more than the call. Else it is resolved anew for each run. Rejects with Nest's
 * own error for what cannot be resolved.
 */
export async function planRun(definition: JobDefinition, host: HostModule): Promise<Run> {
  const { injected, contextIndex } = readRunParameters(definition);
  if (injected.length === 0) return bindRun([], contextIndex);
  const source = dependencySource(definition, host, injected);
  const { lifetime } = source;
  if (lifetime === 'static') return bindRun(await source.values(), contextIndex);
  if (lifetime === 'transient') {
    return async (job, context) => bindRun(await source.values(), contextIndex)(job, context);
  }
  const moduleRef = moduleRefOf(host);
  return async (job, context) => {
    const values = await source.values(openContext(job, moduleRef, lifetime));
    return bindRun(values, contextIndex)(job, context);
  };
}

/**
 * A context in which request-scoped providers are made once, and `REQUEST` is the job. Where all of them are
 * durable, `REQUEST` is what the application's `ContextIdStrategy` says, as it is for a web request.
 */
export function openContext(job: object, moduleRef: ModuleRef, scope: 'request' | 'durable'): ContextId {
  const contextId = ContextIdFactory.getByRequest(job);
  const request = scope === 'durable' ? (contextId.payload ?? job) : job;
  moduleRef.registerRequestByContextId(request, contextId);
  return contextId;
}

interface Runnable {
  run(...values: unknown[]): unknown;
}

function bindRun(values: readonly unknown[], contextIndex: number): Run {
  if (contextIndex < values.length) {
    const before = values.slice(0, contextIndex);
    const after = values.slice(contextIndex);
    return (job, context) => (job as Runnable).run(...before, context, ...after);
  }
  const [first, second, third] = values;
  switch (values.length) {
    case 0:
      return (job, context) => (job as Runnable).run(context);
    case 1:
      return (job, context) => (job as Runnable).run(first, context);
    case 2:
      return (job, context) => (job as Runnable).run(first, second, context);
    case 3:
      return (job, context) => (job as Runnable).run(first, second, third, context);
    default:
      return (job, context) => (job as Runnable).run(...values, context);
  }
}
