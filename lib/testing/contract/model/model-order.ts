import type { ModelJob } from './model-job.js';

/** Jobs as they are to be taken; the list stands in the order of arrival. */
export function inOrder(jobs: readonly ModelJob[]): ModelJob[] {
  const arrivals = new Map(jobs.map((job, nth) => [job, nth]));
  const place = (job: ModelJob) => placeOf(job, arrivals.get(job) ?? 0);
  return jobs.toSorted((a, b) => {
    const [one, other] = [place(a), place(b)];
    return one.level - other.level || compare(one.time, other.time) || one.arrival - other.arrival;
  });
}

function placeOf({ record, order }: ModelJob, arrival: number) {
  const { priority: level, runAt: time } = record;
  if (order === undefined) return { level, time, arrival };
  if (order === 'lifo') return { level, time: -Infinity, arrival: -arrival };
  return { level: 0, time: time + level * order.ageing, arrival };
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
