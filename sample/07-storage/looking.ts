import {
  InvalidOptionError,
  type JobPage,
  type JobQuery,
  type JobState,
  type QueueStats,
} from 'nestjs-background-jobs/core';
import type { Contents } from './contents.js';
import { visibleRecord } from './stored-job.js';

/** One page of the jobs that match, the one that arrived last first. */
export function list(contents: Contents, query: JobQuery, now: number): JobPage {
  const { limit, cursor, state, queue, name, uniqueKey } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new InvalidOptionError(`list: limit ${limit} is not a whole number from 1 to 1000`);
  }
  if (cursor !== undefined && !/^\d+$/.test(cursor)) {
    throw new InvalidOptionError(`list: cursor '${cursor}' is none that a page gave`);
  }
  // By arrival, so that no page repeats a job or leaves one out, whatever comes and goes in between.
  const before = Number(cursor ?? Infinity);
  const matching = [...contents.jobs.values()].filter((job) => {
    const seen = visibleRecord(job, now);
    return (
      job.arrival < before &&
      (state === undefined || seen.state === state) &&
      (queue === undefined || seen.queue === queue) &&
      (name === undefined || seen.name === name) &&
      (uniqueKey === undefined || seen.uniqueKey === uniqueKey)
    );
  });
  const page = matching.slice(-limit).toReversed();
  const jobs = page.map((job) => visibleRecord(job, now));
  const last = page.at(-1);
  return matching.length > limit && last ? { jobs, cursor: String(last.arrival) } : { jobs };
}

/** All known queues in numbers, by name. */
export function stats(contents: Contents, now: number): QueueStats[] {
  const records = [...contents.jobs.values()].map((job) => visibleRecord(job, now));
  return [...contents.queues]
    .filter(([, { isKnown, paused }]) => isKnown || paused !== undefined)
    .map(([queue, { completed, failed, paused }]) => {
      const here = records.filter((record) => record.queue === queue);
      const count = (state: JobState) => here.filter((record) => record.state === state).length;
      const due = here.filter(({ state }) => state === 'ready').map(({ runAt }) => runAt);
      return {
        ...{ queue, blocked: 0, ready: due.length, scheduled: count('scheduled'), running: count('running') },
        ...{ retrying: count('retrying'), dead: count('dead'), completed, failed, since: contents.since },
        ...(due.length > 0 ? { oldestReadyAt: due.reduce((a, b) => Math.min(a, b)) } : {}),
        ...(paused === undefined ? {} : { paused }),
      };
    })
    .toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
}
