import { InvalidJobError } from '../../core/errors.js';
import type { JobContext } from '../../core/job-context.js';
import type { JobHandler } from '../../runtime/handler.js';
import type { EnhancerList } from '../enhancers/enhancer-list.js';
import { enhanceRun } from '../enhancers/enhancer-plan.js';
import { openContext, planRun, type RunPlan } from '../injection/injection-plan.js';
import type { JobRunner } from '../job-handler.decorator.js';
import { planDeath } from '../injection/death-plan.js';
import type { JobEntry } from './job-table.js';
import type { FoundHandler } from './job.explorer.js';
import { lifetimeOf, moduleRefOf } from '../container/provider-lookup.js';

/**
 * Makes what a runner calls for each job class of the table. Throws `InvalidJobError` for a class that nobody runs,
 * and Nest's own error when what `run` injects cannot be resolved.
 */
export async function buildHandlers(
  entries: readonly JobEntry[],
  common: EnhancerList,
): Promise<readonly JobHandler[]> {
  const handlers: JobHandler[] = [];
  for (const entry of entries) {
    const run = await enhanceRun(entry, await planEntry(entry), common);
    const dead = await planDeath(entry);
    handlers.push({ definition: entry.definition, run, ...(dead && { dead }) });
  }
  return handlers;
}

function planEntry(entry: JobEntry): RunPlan | Promise<RunPlan> {
  switch (entry.by) {
    case 'run':
      return planRun(entry.definition, entry.job.host);
    case 'handler':
      return planHandler(entry.handler);
    case 'nobody':
      throw new InvalidJobError(
        `Job '${entry.definition.name}': ${entry.definition.class.name} has no method run, and nothing with ` +
          '@JobHandler handles it. Give it one, or set workers: false in a process that only enqueues',
      );
  }
}

function planHandler({ wrapper, host, name }: FoundHandler): RunPlan {
  const lifetime = lifetimeOf(wrapper);
  if (lifetime === 'static') {
    const runner = checkRunner(wrapper.instance, name);
    return { run: (job, context) => runner.run(job, context), lifetime };
  }
  const moduleRef = moduleRefOf(host);
  const scope = lifetime === 'transient' ? 'request' : lifetime;
  return {
    run: async (
      job: object,
      context: JobContext,
      contextId = openContext(job, context, moduleRef, scope),
    ) => {
      const runner: unknown = await moduleRef.resolve(wrapper.token as string, contextId, { strict: true });
      return checkRunner(runner, name).run(job, context);
    },
    lifetime: scope,
  };
}

function checkRunner(runner: unknown, name: string): JobRunner<object> {
  if (typeof (runner as Partial<JobRunner<object>> | null | undefined)?.run === 'function') {
    return runner as JobRunner<object>;
  }
  throw new InvalidJobError(`${name} is to handle jobs but has no method run(job, context)`);
}
