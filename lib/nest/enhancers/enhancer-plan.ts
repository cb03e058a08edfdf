import type { JobContext } from '../../core/job-context.js';
import { shortestLifetime } from '../injection/dependency-source.js';
import { openContext, type Run, type RunPlan } from '../injection/injection-plan.js';
import type { JobEntry } from '../discovery/job-table.js';
import type { HostModule } from '../container/module-place.js';
import { moduleRefOf } from '../container/provider-lookup.js';
import { runEnhanced } from './enhanced-run.js';
import {
  declaredOn,
  isEmptyList,
  joinLists,
  lifetimeOfList,
  NO_ENHANCERS,
  resolveEnhancers,
  type EnhancerList,
} from './enhancer-list.js';
import type { RunBy } from './job-execution-context.js';

/**
 * Decides at boot what stands around the runs of a job. Where nothing does, the very function of the plan is what the
 * runner calls. Singletons are looked up here and now; all else is made anew for each run, in the context that the
 * job's own providers share. `common` stands outside of what the job declares itself. Throws `InvalidJobError` for an enhancer that Nest did not make.
 */
export async function enhanceRun(entry: JobEntry, plan: RunPlan, common: EnhancerList): Promise<Run> {
  const { host, runBy, list: own } = declaredBy(entry);
  const list = joinLists([common, own]);
  if (isEmptyList(list)) return plan.run;
  const lifetime = lifetimeOfList(list);
  if (lifetime === 'static') {
    const enhancers = await resolveEnhancers(list);
    return (job, context) => runEnhanced(enhancers, runBy, job, context, (piped) => plan.run(piped, context));
  }
  const moduleRef = moduleRefOf(host);
  const scope = shortestLifetime([lifetime, plan.lifetime]) === 'durable' ? 'durable' : 'request';
  return async (job: object, context: JobContext) => {
    const contextId = openContext(job, context, moduleRef, scope);
    const enhancers = await resolveEnhancers(list, contextId);
    return runEnhanced(enhancers, runBy, job, context, (piped) => plan.run(piped, context, contextId));
  };
}

interface Declared {
  readonly host: HostModule;
  readonly runBy: RunBy;
  readonly list: EnhancerList;
}

function declaredBy(entry: JobEntry): Declared {
  const { class: jobClass } = entry.definition;
  const ofJob = (host: HostModule) => declaredOn(jobClass, host, jobClass.name);
  if (entry.by !== 'handler') {
    const { host } = entry.job;
    return declare(host, jobClass, [ofJob(host)]);
  }
  const { handler, job } = entry;
  if (handler.token === jobClass) return declare(handler.host, jobClass, [ofJob(handler.host)]);
  const outer = ofJob(job?.host ?? handler.host);
  const handlerClass = handler.token as object;
  return declare(handler.host, handlerClass, [outer, declaredOn(handlerClass, handler.host, handler.name)]);
}

function declare(host: HostModule, runByClass: object, lists: readonly EnhancerList[]): Declared {
  const { prototype, name } = runByClass as { readonly prototype: { run?: unknown }; readonly name: string };
  // A double stands in for a class without the method, and has no decorators of its own.
  const method = typeof prototype.run === 'function' ? prototype.run : noRun;
  const ofMethod = method === noRun ? NO_ENHANCERS : declaredOn(method, host, name);
  return { host, runBy: { class: runByClass, method }, list: joinLists([...lists, ofMethod]) };
}

function noRun(): void {}
