import type { Firing, NewSchedule, Schedule } from '../../../storage/schedules.js';

/** The schedules of the model. */
export class ModelSchedules {
  readonly #byKey = new Map<string, Schedule>();

  find(key: string): Schedule | undefined {
    return this.#byKey.get(key);
  }

  /** By key. */
  all(): Schedule[] {
    return [...this.#byKey.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  put({ firstIn, ...declared }: NewSchedule, now: number): void {
    const present = this.find(declared.key);
    const isSame = JSON.stringify(present?.timing) === JSON.stringify(declared.timing);
    const nextAt = present && isSame ? present.nextAt : now + firstIn;
    const { watermark, lastJob } = present ?? {};
    this.#byKey.set(declared.key, {
      ...declared,
      nextAt,
      ...(watermark === undefined ? {} : { watermark }),
      ...(lastJob && { lastJob }),
    });
  }

  remove(key: string): boolean {
    return this.#byKey.delete(key);
  }

  /** `push` stores the jobs of the step, if it is taken, and returns the ids of those that are new. */
  fire({ key, expected, nextAt, watermark }: Firing, push: () => readonly string[]): boolean {
    const schedule = this.find(key);
    if (schedule?.nextAt !== expected) return false;
    const lastJob = push().at(-1) ?? schedule.lastJob;
    const newest = Math.max(watermark, schedule.watermark ?? watermark);
    this.#byKey.set(key, { ...schedule, nextAt, watermark: newest, ...(lastJob && { lastJob }) });
    return true;
  }
}
