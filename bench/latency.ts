import { setTimeout as sleep } from 'node:timers/promises';
import { mail, type System } from './system.js';
import type { Figures, Trial } from './trial.js';

const CONCURRENCY = 10;
const WARM_UP = 20;
/** Long enough that the workers wait for news, not for their first fetch. */
const UNTIL_IDLE = 300;

/** From the call of enqueue to the start of the run, one job at a time on an idle queue, in one process. */
export async function latency(system: System, { jobs }: Trial): Promise<Figures> {
  const samples: number[] = [];
  let called = 0;
  let started = (): void => {};
  await system.start(CONCURRENCY, async () => {
    samples.push(performance.now() - called);
    started();
  });
  await sleep(UNTIL_IDLE);
  for (let index = 0; index < jobs + WARM_UP; index++) {
    await sleep(2 + Math.random() * 3);
    const start = new Promise<void>((resolve) => (started = resolve));
    called = performance.now();
    await Promise.all([system.enqueue(mail(index)), start]);
  }
  await system.stop();
  return percentiles(samples.slice(WARM_UP));
}

export function percentiles(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
