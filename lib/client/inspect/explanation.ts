import type { DeadReason, JobRecord } from '../../core/job.js';
import type { LiveRunner } from '../../storage/claims.js';
import type { GroupStats, QueueStats } from '../../storage/inspection.js';
import { toJobInfo, type JobInfo } from './job-info.js';
import { limitFacts, limitMessage, type LimitFacts } from './limit-reasons.js';

/**
 * Why a job does not run, or what it does instead: as things stood when it was asked. Never empty.
 * @publicApi
 */
export interface Explanation {
  readonly id: string;
  /** Absent when the storage knows no such job. */
  readonly job?: JobInfo;
  /** The one that stands in the way first comes first. */
  readonly reasons: readonly Reason[];
}

/**
 * One thing that keeps a job from running; `message` says it in a sentence.
 * @publicApi
 */
export type Reason = ReasonFacts & { readonly message: string };

type ReasonFacts =
  | LimitFacts
  /** No such job: never stored, still in an outbox, removed, or ended and its record not kept. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'completed'; readonly at?: Date }
  | { readonly kind: 'dead'; readonly at?: Date; readonly because?: DeadReason; readonly error?: string }
  | { readonly kind: 'cancelled'; readonly at?: Date; readonly because?: string }
  /** It is with a runner; `isLive` is false when nothing was heard of that for a lease. */
  | {
      readonly kind: 'running';
      readonly runner?: string;
      readonly host?: string;
      readonly pid?: number;
      readonly since?: Date;
      readonly isLive: boolean;
    }
  /** It runs and was asked to end, but has not yet. */
  | { readonly kind: 'asked-to-end'; readonly because: string }
  /** Its lease ran out: the next sweep of any runner puts it back. */
  | { readonly kind: 'lease-over'; readonly since: Date }
  /** It waits for other jobs: for which of them still. */
  | { readonly kind: 'blocked'; readonly by: readonly string[] }
  /** Nobody took it in time: the next sweep of any runner ends it. */
  | { readonly kind: 'expired'; readonly since: Date }
  /** `isRetry`: it failed and waits out its backoff. `in`: milliseconds. */
  | { readonly kind: 'not-due'; readonly at: Date; readonly in: number; readonly isRetry: boolean }
  | { readonly kind: 'queue-paused'; readonly queue: string; readonly since: Date; readonly because: string }
  /** No live runner has a slot for its queue. `runners`: how many live runners there are at all. */
  | { readonly kind: 'no-runner'; readonly queue: string; readonly runners: number }
  /** No live runner of its queue knows its job class. `runners`: the ids of those that serve the queue. */
  | { readonly kind: 'unknown-name'; readonly name: string; readonly runners: readonly string[] }
  /** Those that could run it have as many jobs as slots. */
  | { readonly kind: 'slots-busy'; readonly queue: string; readonly slots: number; readonly running: number }
  /** Other ready jobs of the queue. Those of a lower priority, or the same and due before, go first. */
  | { readonly kind: 'others-ready'; readonly queue: string; readonly ready: number }
  /** Nothing is in its way: a runner takes it as soon as it hears of it or polls. */
  | { readonly kind: 'imminent' };

/** What has to be known to explain. */
export interface Surroundings {
  /** Milliseconds since the epoch by the storage's clock. */
  readonly now: number;
  readonly queues: readonly QueueStats[];
  readonly runners: readonly LiveRunner[];
  /** The job's group, if it has one and the storage knows it. */
  readonly group?: GroupStats | undefined;
}

/** Says why the job of a record does not run. */
export function explain(id: string, record: JobRecord | undefined, around: Surroundings): Explanation {
  if (record === undefined) return { id, reasons: [told({ kind: 'unknown' })] };
  const facts = factsOf(record, around);
  return { id, job: toJobInfo(record), reasons: facts.map(told) };
}

function factsOf(record: JobRecord, around: Surroundings): readonly ReasonFacts[] {
  const at = record.endedAt === undefined ? {} : { at: new Date(record.endedAt) };
  switch (record.state) {
    case 'completed':
      return [{ kind: 'completed', ...at }];
    case 'dead': {
      const error = record.failures.at(-1)?.message;
      const because = record.reason === undefined ? {} : { because: record.reason };
      return [{ kind: 'dead', ...at, ...because, ...(error === undefined ? {} : { error }) }];
    }
    case 'cancelled':
      return [
        {
          kind: 'cancelled',
          ...at,
          ...(record.cancelReason === undefined ? {} : { because: record.cancelReason }),
        },
      ];
    case 'running':
      return whileRunning(record, around);
    case 'blocked': {
      const open = record.after?.filter(({ ended }) => ended === undefined) ?? [];
      return [{ kind: 'blocked', by: open.map(({ id: dependency }) => dependency) }];
    }
    case 'scheduled':
    case 'retrying':
    case 'ready': {
      const waits = whileWaiting(record, around);
      return waits.length === 0 ? [{ kind: 'imminent' }] : waits;
    }
  }
}

function whileRunning(record: JobRecord, { now, runners }: Surroundings): readonly ReasonFacts[] {
  const { runner, startedAt, cancelReason, leaseUntil } = record;
  const holder = runners.find(({ id }) => id === runner);
  const facts: ReasonFacts[] = [
    {
      kind: 'running',
      ...(runner === undefined ? {} : { runner }),
      ...(holder === undefined ? {} : { host: holder.host, pid: holder.pid }),
      ...(startedAt === undefined ? {} : { since: new Date(startedAt) }),
      isLive: holder !== undefined,
    },
  ];
  if (cancelReason !== undefined) facts.push({ kind: 'asked-to-end', because: cancelReason });
  if (leaseUntil !== undefined && leaseUntil <= now) {
    facts.push({ kind: 'lease-over', since: new Date(leaseUntil) });
  }
  return facts;
}

function whileWaiting(
  record: JobRecord,
  { now, queues, runners, group }: Surroundings,
): readonly ReasonFacts[] {
  const { queue, state, runAt, expiresAt } = record;
  if (expiresAt !== undefined && expiresAt <= now) return [{ kind: 'expired', since: new Date(expiresAt) }];
  const stats = queues.find((other) => other.queue === queue);
  const facts: ReasonFacts[] = [];
  if (state !== 'ready') {
    facts.push({
      kind: 'not-due',
      at: new Date(runAt),
      in: Math.max(0, runAt - now),
      isRetry: state === 'retrying',
    });
  }
  if (stats?.paused) {
    const { at, reason } = stats.paused;
    facts.push({ kind: 'queue-paused', queue, since: new Date(at), because: reason });
  }
  facts.push(...limitFacts(record, stats, group));
  facts.push(...amongRunners(record, runners, stats?.running ?? 0));
  const others = (stats?.ready ?? 0) - (state === 'ready' ? 1 : 0);
  const rate = stats?.limits?.rate;
  if (facts.length === 0 && rate !== undefined) facts.push({ kind: 'rate-reached', queue, rate });
  if (state === 'ready' && others > 0) facts.push({ kind: 'others-ready', queue, ready: others });
  return facts;
}

/** `running`: how many jobs of the queue run, wherever. */
function amongRunners(
  { queue, name }: JobRecord,
  runners: readonly LiveRunner[],
  running: number,
): readonly ReasonFacts[] {
  const serving = runners.filter((runner) => slotsOf(runner, queue) > 0);
  if (serving.length === 0) return [{ kind: 'no-runner', queue, runners: runners.length }];
  const able = serving.filter(({ names }) => names.includes(name));
  if (able.length === 0) return [{ kind: 'unknown-name', name, runners: serving.map(({ id }) => id) }];
  const slots = sum(able.map((runner) => slotsOf(runner, queue)));
  // Of the jobs of the queue some may be with others, and of the jobs of these runners some may be of another queue.
  const taken = Math.min(running, sum(able.map((runner) => runner.running)));
  return taken < slots ? [] : [{ kind: 'slots-busy', queue, slots, running: taken }];
}

function slotsOf({ queues }: LiveRunner, queue: string): number {
  return Object.hasOwn(queues, queue) ? (queues[queue] ?? 0) : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function told(facts: ReasonFacts): Reason {
  return { ...facts, message: messageOf(facts) };
}

function messageOf(facts: ReasonFacts): string {
  switch (facts.kind) {
    case 'unknown':
      return 'The storage knows no such job: it was never stored, was removed, or ended and its record was not kept.';
    case 'completed':
      return `It completed${timeOf(facts.at)}.`;
    case 'dead': {
      const error = facts.error === undefined ? '' : ` The last error: ${facts.error}`;
      return `It is dead${timeOf(facts.at)}: ${facts.because ?? 'for no known reason'}.${error}`;
    }
    case 'cancelled':
      return `It was cancelled${timeOf(facts.at)}: ${facts.because ?? 'for no known reason'}.`;
    case 'running': {
      const place = facts.isLive
        ? `process ${facts.pid} on ${facts.host}`
        : 'of which nothing was heard lately';
      return `It is with runner ${facts.runner ?? 'unknown'} (${place})${timeOf(facts.since, 'since')}.`;
    }
    case 'asked-to-end':
      return `It was asked to end and has not yet: ${facts.because}.`;
    case 'lease-over':
      return `Its lease ran out at ${facts.since.toISOString()}: the next sweep of any runner puts it back.`;
    case 'blocked':
      return `It waits for ${facts.by.length === 1 ? `the job ${facts.by[0]}` : `${facts.by.length} other jobs`} to end.`;
    case 'expired':
      return `Nobody took it by ${facts.since.toISOString()}, when its time was over: the next sweep of any runner ends it.`;
    case 'limit-reached':
    case 'rate-reached':
    case 'group-paused':
    case 'group-limit':
      return limitMessage(facts);
    case 'not-due': {
      const what = facts.isRetry ? 'It failed and is tried again' : 'It is due';
      return `${what} at ${facts.at.toISOString()}, in ${facts.in} ms.`;
    }
    case 'queue-paused':
      return `The queue '${facts.queue}' is paused since ${facts.since.toISOString()}: ${facts.because}.`;
    case 'no-runner':
      return facts.runners === 0
        ? `No runner is live: no process takes jobs from this storage.`
        : `None of the ${facts.runners} live runners has slots for the queue '${facts.queue}'.`;
    case 'unknown-name':
      return `No runner of its queue knows the job '${facts.name}': is its class among the providers of that process?`;
    case 'slots-busy':
      return `The runners that could take it have ${facts.running} jobs of the queue '${facts.queue}' for ${facts.slots} slots.`;
    case 'others-ready':
      return `${facts.ready} other jobs of the queue '${facts.queue}' are ready; some of them may go first.`;
    case 'imminent':
      return 'Nothing is in its way: a runner takes it as soon as it hears of it.';
  }
}

function timeOf(time: Date | undefined, word = 'at'): string {
  return time === undefined ? '' : ` ${word} ${time.toISOString()}`;
}
