import { fill } from './drain.js';
import type { System } from './system.js';
import type { Figures, Trial } from './trial.js';

/** What jobs that wait hold of the process's memory. */
export async function memory(system: System, { jobs }: Trial): Promise<Figures> {
  // Whatever is compiled and allocated once is not the jobs'.
  await fill(system, 1000);
  const before = held();
  await fill(system, jobs);
  return { megabytes: (held() - before) / 2 ** 20 };
}

function held(): number {
  if (globalThis.gc === undefined) throw new Error('memory is measured with node --expose-gc');
  for (let round = 0; round < 3; round++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
