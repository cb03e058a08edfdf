import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { percentiles } from './latency.js';
import type { System } from './system.js';
import type { Figures, Trial } from './trial.js';

const CONCURRENCY = 10;
const WARM_UP = 20;
const UNTIL_IDLE = 300;

/** From the call of enqueue in another process to the start of the run here, one job at a time on an idle queue. */
export async function latencyAcross(system: System, trial: Trial): Promise<Figures> {
  const { address } = system;
  if (address === undefined) throw new Error('no other process can reach this system');
  const samples: number[] = [];
  await system.start(CONCURRENCY, async ({ subject }) => {
    samples.push(monotonic() - Number(subject));
  });
  await sleep(UNTIL_IDLE);
  const entry = fileURLToPath(new URL('producer.js', import.meta.url));
  const words = [JSON.stringify(trial), address, String(trial.jobs + WARM_UP)];
  const producer = spawn(process.execPath, [entry, ...words], { stdio: 'inherit' });
  const [code] = (await once(producer, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the producer ended with code ${code}`);
  while (!(await system.isDrained())) await sleep(5);
  await system.stop();
  return percentiles(samples.slice(WARM_UP));
}

/** Milliseconds on a clock that all processes of a machine share. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
