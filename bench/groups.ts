import { drainAll, fill } from './drain.js';
import type { System } from './system.js';
import type { Figures, Trial } from './trial.js';

/** It is looked at with each claim, and holds nothing back. */
const BOUND = 1000;
/** Jobs, and the groups that they are spread over, of which the engine and the storage get warm. */
const WARM_UP = { jobs: 5000, groups: 10 };

/** Jobs of groups that have a limit each, spread over `groups`. With a `backlog`, so many are left waiting at the end. */
export async function groups(system: System, trial: Trial): Promise<Figures> {
  const { jobs, groups: count = 10, backlog = 0, concurrency = 10 } = trial;
  if (system.boundGroups === undefined) throw new Error('this system has no groups');
  await system.boundGroups(BOUND);
  await fill(system, WARM_UP.jobs, { groups: WARM_UP.groups });
  await drainAll(system, WARM_UP.jobs, concurrency);
  await fill(system, jobs + backlog, { groups: count });
  return drainAll(system, jobs, concurrency, backlog);
}
