import { drainAll, fill } from './drain.js';
import type { System } from './system.js';
import type { Figures, Trial } from './trial.js';

const HOUR = 3_600_000;

/** A drain among `backlog` jobs that wait for later and as many ended ones whose records were kept. */
export async function growth(system: System, { jobs, backlog = 0 }: Trial): Promise<Figures> {
  await run(system, backlog, true);
  await fill(system, backlog, { delay: HOUR });
  await fill(system, jobs);
  return drainAll(system, jobs);
}

/** The same drain with nothing beside it, after as many jobs have run and been forgotten: in a process as warm. */
export async function growthOfNothing(system: System, { jobs, backlog = 0 }: Trial): Promise<Figures> {
  await run(system, backlog, false);
  await fill(system, jobs);
  return drainAll(system, jobs);
}

async function run(system: System, jobs: number, isKept: boolean): Promise<void> {
  await fill(system, jobs, { isKept });
  await drainAll(system, jobs);
}
