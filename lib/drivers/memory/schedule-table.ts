import { isSameTiming } from '../../core/schedule.js';
import type { DueSchedules, Firing, NewSchedule, Schedule } from '../../storage/schedules.js';
import type { JobTable } from './job-table.js';

/** The schedules by key. What is stored is replaced, never changed, so it may be handed out. */
export class ScheduleTable {
  readonly #schedules = new Map<string, Schedule>();
  readonly #jobs: JobTable;

  constructor(jobs: JobTable) {
    this.#jobs = jobs;
  }

  put({ firstIn, ...declared }: NewSchedule, now: number): void {
    const present = this.#schedules.get(declared.key);
    const isSame = present !== undefined && isSameTiming(present.timing, declared.timing);
    const { watermark, lastJob } = present ?? {};
    this.#schedules.set(declared.key, {
      ...declared,
      nextAt: isSame ? present.nextAt : now + firstIn,
      ...(watermark === undefined ? {} : { watermark }),
      ...(lastJob === undefined ? {} : { lastJob }),
    });
  }

  all(keys?: readonly string[]): Schedule[] {
    const asked = keys
      ? [...new Set(keys)].flatMap((key) => this.#schedules.get(key) ?? [])
      : [...this.#schedules.values()];
    return asked.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  remove(key: string): boolean {
    return this.#schedules.delete(key);
  }

  due(limit: number, now: number): DueSchedules {
    const ordered = [...this.#schedules.values()].toSorted((a, b) => a.nextAt - b.nextAt);
    const come = ordered.findIndex(({ nextAt }) => nextAt > now);
    const due = ordered.slice(0, Math.min(limit, come < 0 ? ordered.length : come));
    const next = ordered[due.length];
    return next === undefined ? { now, due } : { now, due, nextIn: Math.max(0, next.nextAt - now) };
  }

  fire({ key, expected, watermark, nextAt, jobs }: Firing, now: number): boolean {
    const schedule = this.#schedules.get(key);
    if (schedule?.nextAt !== expected) return false;
    let { lastJob } = schedule;
    for (const job of jobs) {
      const { id, duplicate } = this.#jobs.add(job, now);
      if (!duplicate) lastJob = id;
    }
    this.#schedules.set(key, {
      ...schedule,
      nextAt,
      watermark: Math.max(watermark, schedule.watermark ?? watermark),
      ...(lastJob === undefined ? {} : { lastJob }),
    });
    return true;
  }
}
