import { setTimeout as sleep } from 'node:timers/promises';
import { percentiles } from './latency.js';
import { mail, type System } from './system.js';
import type { Figures, Trial } from './trial.js';

const CONCURRENCY = 10;
const PER_SECOND = 500;
const UNTIL_IDLE = 300;

/** From the call of enqueue to the start of the run at 500 jobs a second, whether or not the ones before ended. */
export async function steady(system: System, { jobs }: Trial): Promise<Figures> {
  const called: number[] = [];
  const samples: number[] = [];
  let end = (): void => {};
  const allRan = new Promise<void>((resolve) => (end = resolve));
  await system.start(CONCURRENCY, async ({ index }) => {
    samples.push(performance.now() - (called[index] ?? NaN));
    if (samples.length === jobs) end();
  });
  await sleep(UNTIL_IDLE);
  const enqueued: Promise<unknown>[] = [];
  for (const start = performance.now(); enqueued.length < jobs; await sleep(2)) {
    const due = Math.min(jobs, Math.floor(((performance.now() - start) / 1000) * PER_SECOND));
    while (enqueued.length < due) {
      called.push(performance.now());
      enqueued.push(system.enqueue(mail(enqueued.length)));
    }
  }
  await Promise.all([allRan, ...enqueued]);
  await system.stop();
  return percentiles(samples);
}
