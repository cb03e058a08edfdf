import { InvalidJobError } from '../../core/errors.js';
import type { JobDeath } from '../../core/job-death.js';
import { openContext, planMethod } from './injection-plan.js';
import type { JobEntry } from '../discovery/job-table.js';
import type { FoundHandler } from '../discovery/job.explorer.js';
import { onDeadOf } from '../on-dead.decorator.js';
import { lifetimeOf, moduleRefOf } from '../container/provider-lookup.js';

/** Tells a job, or its handler, of its death. */
export type TellDeath = (job: object, death: JobDeath) => unknown;

/**
 * Decides at boot how the method with `@OnDead` is called; `undefined` where there is none. Throws `InvalidJobError`, and
 * rejects with Nest's own error when what it injects cannot be resolved.
 */
export function planDeath(entry: JobEntry): TellDeath | undefined | Promise<TellDeath> {
  const { name, class: jobClass } = entry.definition;
  const own = onDeadOf(jobClass.prototype);
  if (entry.by === 'run') {
    return own === undefined ? undefined : planOwn(entry, own);
  }
  // What a test puts in the place of a class is all there is of it.
  if (entry.by === 'nobody' || entry.handler.token === jobClass) return undefined;
  if (own !== undefined) {
    throw new InvalidJobError(
      `Job '${name}': ${jobClass.name} has @OnDead on ${own}, but ${entry.handler.name} handles its jobs: put it there`,
    );
  }
  return planHandler(entry.handler);
}

async function planOwn(entry: JobEntry & { readonly by: 'run' }, method: string): Promise<TellDeath> {
  const { definition, job } = entry;
  const { host } = job;
  const plan = await planMethod(definition, host, method);
  const { lastIndex, scope } = plan;
  return async (dead, death) => {
    const contextId =
      scope === undefined ? undefined : openContext(dead, undefined, moduleRefOf(host), scope);
    const found = await plan.values(contextId);
    const parameters = [...found.slice(0, lastIndex), death, ...found.slice(lastIndex)];
    return (dead as Told)[method]?.(...parameters);
  };
}

function planHandler({ wrapper, host, token }: FoundHandler): TellDeath | undefined {
  const prototype: unknown = typeof token === 'function' ? token.prototype : undefined;
  const method = onDeadOf(prototype);
  if (method === undefined) return undefined;
  const lifetime = lifetimeOf(wrapper);
  if (lifetime === 'static') return (job, death) => (wrapper.instance as Told)[method]?.(job, death);
  const moduleRef = moduleRefOf(host);
  const scope = lifetime === 'transient' ? 'request' : lifetime;
  return async (job, death) => {
    const contextId = openContext(job, undefined, moduleRef, scope);
    const handler: Told = await moduleRef.resolve(wrapper.token as string, contextId, { strict: true });
    return handler[method]?.(job, death);
  };
}

type Told = Readonly<Record<string, ((...parameters: unknown[]) => unknown) | undefined>>;
