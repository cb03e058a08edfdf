import { setTimeout as sleep } from 'node:timers/promises';
import { mails, type System } from './system.js';
import type { Figures, Trial } from './trial.js';

const CONCURRENCY = 10;
const BATCH = 1000;

/** Jobs that do nothing, all enqueued before the clock starts. It stops when the storage shows them all ended. */
export async function drain(system: System, { jobs }: Trial): Promise<Figures> {
  await fill(system, jobs);
  return drainAll(system, jobs);
}

export async function fill(system: System, jobs: number, settings?: Parameters<System['enqueueAll']>[1]) {
  for (let from = 0; from < jobs; from += BATCH) {
    await system.enqueueAll(mails(Math.min(BATCH, jobs - from), from), settings);
  }
}

/** Runs what is there, which must be `jobs` jobs, and stops. */
export async function drainAll(system: System, jobs: number): Promise<Figures> {
  let ran = 0;
  let end = (): void => {};
  const allRan = new Promise<void>((resolve) => (end = resolve));
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await system.start(CONCURRENCY, async () => {
    if (++ran === jobs) end();
  });
  await allRan;
  while (!(await system.isDrained())) await sleep(1);
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  await system.stop();
  if (ran !== jobs) throw new Error(`${ran} runs of ${jobs} jobs`);
  return { perSecond: jobs / seconds, cpuPer1000: (cpu.user + cpu.system) / jobs };
}
