import { isDeepStrictEqual } from 'node:util';
import type { DueSchedules, Firing, NewSchedule, Schedule } from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { push } from './pushing.js';

/** Declares a schedule. With the same timing as before its next tick stays; its watermark stays in any case. */
export function putSchedule(contents: Contents, declared: NewSchedule, now: number): void {
  const { firstIn, ...schedule } = declared;
  const { timing, nextAt, watermark, lastJob } = contents.schedules.get(schedule.key) ?? {};
  contents.schedules.set(schedule.key, {
    ...schedule,
    nextAt: nextAt !== undefined && isDeepStrictEqual(timing, schedule.timing) ? nextAt : now + firstIn,
    ...(watermark === undefined ? {} : { watermark }),
    ...(lastJob === undefined ? {} : { lastJob }),
  });
}

/** By key: all, or those of the keys that are there. */
export function schedulesOf(contents: Contents, keys?: readonly string[]): Schedule[] {
  return [...contents.schedules.values()]
    .filter(({ key }) => keys === undefined || keys.includes(key))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** Those whose tick has come, the earliest first, and when that of the next one comes. */
export function dueSchedules(contents: Contents, limit: number, now: number): DueSchedules {
  const ordered = [...contents.schedules.values()].toSorted((a, b) => a.nextAt - b.nextAt);
  const due = ordered.filter(({ nextAt }) => nextAt <= now).slice(0, limit);
  const next = ordered[due.length];
  return next === undefined ? { now, due } : { now, due, nextIn: Math.max(0, next.nextAt - now) };
}

/** Takes a step of a schedule, its jobs included, unless another one was taken since it was read. */
export function fire(contents: Contents, firing: Firing, now: number): boolean {
  const { key, expected, watermark, nextAt, jobs } = firing;
  const schedule = contents.schedules.get(key);
  if (schedule?.nextAt !== expected) return false;
  const stored = jobs.map((job) => push(contents, job, now)).filter(({ duplicate }) => !duplicate);
  const lastJob = stored.at(-1)?.id ?? schedule.lastJob;
  contents.schedules.set(key, {
    ...schedule,
    nextAt,
    // It only grows, also when the clock was set back.
    watermark: Math.max(watermark, schedule.watermark ?? watermark),
    ...(lastJob === undefined ? {} : { lastJob }),
  });
  return true;
}
