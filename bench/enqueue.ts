import { mail, mails, type System } from './system.js';
import type { Figures, Trial } from './trial.js';

const CALLERS = 100;
const BATCH = 1000;

/** One caller that awaits each job before the next. */
export function enqueueSingly(system: System, { jobs }: Trial): Promise<Figures> {
  return timed(jobs, () => call(system, counter(jobs)));
}

/** Callers that know nothing of each other, as the requests of a server do, each awaiting its own job. */
export function enqueueConcurrently(system: System, { jobs }: Trial): Promise<Figures> {
  const next = counter(jobs);
  return timed(jobs, () => Promise.all(Array.from({ length: CALLERS }, () => call(system, next))));
}

/** One caller with batches of 1000. */
export async function enqueueBatches(system: System, { jobs }: Trial): Promise<Figures> {
  const batches = Array.from({ length: Math.ceil(jobs / BATCH) }, (_, index) => mails(BATCH, index * BATCH));
  return timed(batches.length * BATCH, async () => {
    for (const batch of batches) await system.enqueueAll(batch);
  });
}

async function call(system: System, next: () => number | undefined): Promise<void> {
  for (let index = next(); index !== undefined; index = next()) await system.enqueue(mail(index));
}

function counter(limit: number): () => number | undefined {
  let count = 0;
  return () => (count < limit ? count++ : undefined);
}

async function timed(jobs: number, work: () => Promise<unknown>): Promise<Figures> {
  const start = performance.now();
  await work();
  return { perSecond: jobs / ((performance.now() - start) / 1000) };
}
