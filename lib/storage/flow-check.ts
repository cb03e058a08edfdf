import { InvalidOptionError } from '../core/errors.js';
import type { NewJob } from './new-job.js';

/** Refuses jobs that would wait for ever, or for what this push does not bring. */
export function checkFlows(jobs: readonly NewJob[]): void {
  const waiters = jobs.filter(({ after }) => after !== undefined);
  if (waiters.length === 0) return;
  const waiting = new Map(waiters.map((job) => [job.id, job]));
  const ids = new Set(jobs.map(({ id }) => id));
  for (const job of waiting.values()) checkDependencies(job, ids);
  const awaited = new Set([...waiting.values()].flatMap(({ after = [] }) => after.map(({ id }) => id)));
  const unsure = jobs.find(({ id, unique }) => unique !== undefined && (awaited.has(id) || waiting.has(id)));
  if (unsure)
    throw new InvalidOptionError(
      `after: job ${unsure.id} has a unique key, so that it may not be there to wait for`,
    );
  refuseCycles(waiting);
}

function checkDependencies({ id, after = [] }: NewJob, ids: ReadonlySet<string>): void {
  if (after.length === 0) throw new InvalidOptionError(`after: job ${id} waits for no job; leave it out`);
  if (new Set(after.map((dependency) => dependency.id)).size < after.length) {
    throw new InvalidOptionError(`after: job ${id} waits for one job twice`);
  }
  const stray = after.find((dependency) => !ids.has(dependency.id));
  if (stray)
    throw new InvalidOptionError(`after: job ${id} waits for ${stray.id}, which is not in the same push`);
  const deaths = after.filter(({ needs }) => needs === 'dead').length;
  if (deaths > 0 && deaths < after.length) {
    throw new InvalidOptionError(`after: job ${id} needs some jobs to die and others not to`);
  }
}

/** Takes away, again and again, who waits for nobody that is left. */
function refuseCycles(waiting: ReadonlyMap<string, NewJob>): void {
  const open = new Map<string, number>();
  const dependants = new Map<string, string[]>();
  const free: string[] = [];
  for (const { id, after = [] } of waiting.values()) {
    const blocking = after.filter((dependency) => waiting.has(dependency.id));
    open.set(id, blocking.length);
    if (blocking.length === 0) free.push(id);
    for (const dependency of blocking)
      dependants.set(dependency.id, [...(dependants.get(dependency.id) ?? []), id]);
  }
  let left = waiting.size;
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    left -= 1;
    for (const dependant of dependants.get(id) ?? []) {
      const count = (open.get(dependant) ?? 0) - 1;
      open.set(dependant, count);
      if (count === 0) free.push(dependant);
    }
  }
  if (left > 0) throw new InvalidOptionError(`after: ${left} jobs wait for one another in a circle`);
}
