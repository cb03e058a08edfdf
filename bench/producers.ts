import { enqueueSingly } from './enqueue.js';
import type { System } from './system.js';
import { SYSTEMS } from './systems.js';
import type { Figures, Trial } from './trial.js';

const PRODUCERS = 16;

/** Storages with connections of their own that enqueue into one place, each awaiting every job. */
export async function producers(system: System, trial: Trial): Promise<Figures> {
  const { address } = system;
  if (address === undefined) throw new Error('nobody else can reach this system');
  const all: System[] = [];
  while (all.length < PRODUCERS) all.push(await SYSTEMS[trial.system](trial, address));
  for (const one of all) await one.open();
  const share = Math.ceil(trial.jobs / PRODUCERS);
  // What is done once for each of them is no part of the figure.
  for (const one of all) await enqueueSingly(one, { ...trial, jobs: 10 });
  const start = performance.now();
  await Promise.all(all.map((one) => enqueueSingly(one, { ...trial, jobs: share })));
  const seconds = (performance.now() - start) / 1000;
  for (const one of all) await one.close();
  return { perSecond: (share * PRODUCERS) / seconds };
}
