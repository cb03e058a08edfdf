import type { LiveRunner, QueueStats, Schedule } from 'nestjs-background-jobs/core';
import type { StoredJob } from './stored-job.js';

/** What is counted of a queue, and whether it is paused. */
export interface StoredQueue {
  /** A job was stored in it. */
  readonly isKnown: boolean;
  readonly completed: number;
  readonly failed: number;
  readonly paused?: NonNullable<QueueStats['paused']>;
}

/** A runner, until its last beat has run out. */
export interface StoredRunner extends Omit<LiveRunner, 'running'> {
  readonly until: number;
}

const NEW_QUEUE: StoredQueue = { isKnown: false, completed: 0, failed: 0 };

/** All that the storage knows, as one value that can be written to a file. */
export class Contents {
  readonly jobs = new Map<string, StoredJob>();
  readonly queues = new Map<string, StoredQueue>();
  readonly runners = new Map<string, StoredRunner>();
  readonly schedules = new Map<string, Schedule>();
  /** When counting began. */
  since: number;
  arrivals = 0;

  constructor(since: number) {
    this.since = since;
  }

  put(job: StoredJob): void {
    this.jobs.set(job.record.id, job);
  }

  changeQueue(name: string, change: (queue: StoredQueue) => StoredQueue): void {
    this.queues.set(name, change(this.queues.get(name) ?? NEW_QUEUE));
  }

  toText(): string {
    const { jobs, queues, runners, schedules, since, arrivals } = this;
    const maps = { queues: [...queues], runners: [...runners], schedules: [...schedules] };
    return JSON.stringify({ since, arrivals, jobs: [...jobs], ...maps });
  }

  static fromText(text: string): Contents {
    const { since, arrivals, jobs, queues, runners, schedules } = JSON.parse(text);
    const contents = new Contents(since);
    contents.arrivals = arrivals;
    for (const [id, job] of jobs) contents.jobs.set(id, job);
    for (const [name, queue] of queues) contents.queues.set(name, queue);
    for (const [id, runner] of runners) contents.runners.set(id, runner);
    for (const [key, schedule] of schedules) contents.schedules.set(key, schedule);
    return contents;
  }
}
