import {
  visibleState,
  type JobRecord,
  type LeasedJob,
  type NewJob,
  type UniqueClaim,
} from 'nestjs-background-jobs/core';

/**
 * One job as it is kept: its record, and what only the storage needs to know. Replaced when it changes, never written
 * to, since its record may have been handed out.
 */
export interface StoredJob {
  readonly record: JobRecord;
  /** Grows with each job stored: the last word in every order. */
  readonly arrival: number;
  readonly unique?: UniqueClaim;
  /** False once it has let its unique key go. */
  readonly holdsKey: boolean;
  /** When it last lost a lease. */
  readonly stalledAt?: number;
  /** Tokens whose lease was lost, not settled: what their runs report comes too late. */
  readonly lostTokens: readonly number[];
  /** Set once it has ended: until when its record is kept. */
  readonly keptUntil?: number;
}

/** A new job, to which nothing has happened. */
export function newStoredJob(job: NewJob, arrival: number, now: number): StoredJob {
  const { due, unique, id, name, queue, payload, policy, priority, meta } = job;
  const runAt = 'at' in due ? Math.max(due.at, now) : now + due.in;
  const record: JobRecord = {
    ...{ id, name, queue, payload, policy, priority, runAt, state: 'scheduled', enqueuedAt: now },
    ...{ token: 0, attempt: 0, stalls: 0, failures: [] },
    ...(meta === undefined ? {} : { meta }),
    ...(unique === undefined ? {} : { uniqueKey: unique.key }),
  };
  return { record, arrival, holdsKey: unique !== undefined, lostTokens: [], ...(unique && { unique }) };
}

/** The record as a reader sees it at this moment: what waits for a time is ready once that has come. */
export function visibleRecord({ record }: StoredJob, now: number): JobRecord {
  return { ...record, state: visibleState(record.state, record.runAt, now) };
}

/** What a runner gets of it. */
export function leasedJob({ record }: StoredJob): LeasedJob {
  const { id, token, name, queue, payload, policy, priority, attempt, stalls, enqueuedAt, runAt, meta } =
    record;
  return {
    ...{ id, token, name, queue, payload, policy, priority, attempt, stalls, enqueuedAt, runAt },
    ...(meta === undefined ? {} : { meta }),
  };
}

/** The same but for some of its fields. */
export function without<T extends object, Key extends keyof T>(value: T, ...keys: Key[]): Omit<T, Key> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as Key))) as Omit<
    T,
    Key
  >;
}

/** In order of priority, due time and arrival. */
export function compareJobs(a: StoredJob, b: StoredJob): number {
  return a.record.priority - b.record.priority || a.record.runAt - b.record.runAt || a.arrival - b.arrival;
}
