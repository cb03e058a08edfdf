import { ContextIdFactory, type ContextId, type ModuleRef } from '@nestjs/core';
import type { JobContext } from '../../core/job-context.js';
import type { JobDefinition } from '../../core/job-definition.js';
import { dependencySource } from './dependency-source.js';
import type { HostModule } from '../container/module-place.js';
import { noteContext } from './job-context.provider.js';
import { moduleRefOf, type Lifetime } from '../container/provider-lookup.js';
import { readRunParameters } from './run-parameters.js';

/** Runs one job: what a handler does. Opens a context for what is made per request, unless it is given one. */
export type Run = (job: object, context: JobContext, contextId?: ContextId) => unknown;

/** How a job is run, and how long the shortest-lived of what that needs is kept. */
export interface RunPlan {
  readonly run: Run;
  readonly lifetime: Lifetime;
}

/**
 * Decides at boot how `run` of a job class gets what it injects. Where everything is a singleton, it is resolved
 * here and now, and a run costs no more than the call. Else it is resolved anew for each run. Rejects with Nest's
 * own error for what cannot be resolved.
 */
export async function planRun(definition: JobDefinition, host: HostModule): Promise<RunPlan> {
  const { injected, contextIndex } = readRunParameters(definition, 'run');
  if (injected.length === 0) return { run: bindRun([], contextIndex), lifetime: 'static' };
  const source = dependencySource(definition, host, injected);
  const { lifetime } = source;
  if (lifetime === 'static') return { run: bindRun(await source.values(), contextIndex), lifetime };
  if (lifetime === 'transient') {
    return {
      run: async (job, context) => bindRun(await source.values(), contextIndex)(job, context),
      lifetime,
    };
  }
  const moduleRef = moduleRefOf(host);
  return {
    run: async (job, context, contextId = openContext(job, context, moduleRef, lifetime)) => {
      const values = await source.values(contextId);
      return bindRun(values, contextIndex)(job, context);
    },
    lifetime,
  };
}

/** What another method of a job class gets. */
export interface MethodPlan {
  /** What it injects, in order. */
  values(contextId?: ContextId): Promise<readonly unknown[]>;
  /** Which parameter is not injected. */
  readonly lastIndex: number;
  /** Set where `values` needs a context. */
  readonly scope?: 'request' | 'durable';
}

/** The same for a method that is called rarely. Rejects at boot for what cannot be resolved. */
export async function planMethod(
  definition: JobDefinition,
  host: HostModule,
  method: string,
): Promise<MethodPlan> {
  const { injected, contextIndex: lastIndex } = readRunParameters(definition, method);
  if (injected.length === 0) return { values: async () => [], lastIndex };
  const source = dependencySource(definition, host, injected);
  const { lifetime } = source;
  if (lifetime === 'static') {
    const values = await source.values();
    return { values: async () => values, lastIndex };
  }
  const values = (contextId?: ContextId) => source.values(contextId);
  return lifetime === 'transient' ? { values, lastIndex } : { values, lastIndex, scope: lifetime };
}

/**
 * A context in which request-scoped providers are made once, and `REQUEST` is the job. Where all of them are
 * durable, `REQUEST` is what the application's `ContextIdStrategy` says, as it is for a web request.
 */
export function openContext(
  job: object,
  context: JobContext | undefined,
  moduleRef: ModuleRef,
  scope: 'request' | 'durable',
): ContextId {
  if (context !== undefined) noteContext(job, context);
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
