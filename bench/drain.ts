import { setTimeout as sleep } from 'node:timers/promises';
import { mails, type System } from './system.js';
import type { Figures, Trial } from './trial.js';

const BATCH = 1000;

/** Jobs that do nothing, all enqueued before the clock starts. It stops when the storage shows them all ended. */
export async function drain(system: System, { jobs, concurrency }: Trial): Promise<Figures> {
  await fill(system, jobs);
  return drainAll(system, jobs, concurrency);
}

export async function fill(system: System, jobs: number, settings?: Parameters<System['enqueueAll']>[1]) {
  for (let from = 0; from < jobs; from += BATCH) {
    await system.enqueueAll(mails(Math.min(BATCH, jobs - from), from), settings);
  }
}

/** Runs `jobs` jobs, which must be all that are there but for `left`, and stops. */
export async function drainAll(system: System, jobs: number, concurrency = 10, left = 0): Promise<Figures> {
  let ran = 0;
  let end = (): void => {};
  const allRan = new Promise<void>((resolve) => (end = resolve));
  const serverBefore = await system.serverCpu();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await system.start(concurrency, async () => {
    if (++ran === jobs) end();
  });
  await allRan;
  // With some left it never is: then the last few ends are not waited for.
  if (left === 0) while (!(await system.isDrained())) await sleep(1);
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const serverAfter = await system.serverCpu();
  await system.stop();
  if (left === 0 && ran !== jobs) throw new Error(`${ran} runs of ${jobs} jobs`);
  const perSecond = jobs / seconds;
  if (serverBefore === undefined || serverAfter === undefined) return { perSecond };
  const client = (cpu.user + cpu.system) / 1000;
  const server = serverAfter - serverBefore;
  return {
    perSecond,
    cpuPer1000: ((client + server) * 1000) / jobs,
    serverCpuPer1000: (server * 1000) / jobs,
  };
}
