import type { JobRecord } from '../../core/job.js';
import type { Rate } from '../../core/rate.js';
import type { GroupStats, QueueStats } from '../../storage/inspection.js';

/** What groups and limits keep a job from; part of `Reason`. */
export type LimitFacts =
  /** As many jobs of the queue run, wherever, as its limit allows. */
  | {
      readonly kind: 'limit-reached';
      readonly queue: string;
      readonly concurrency: number;
      readonly running: number;
    }
  /**
   * The rate of the queue, or of the group where that is named, holds it back. `until` is known of groups; of a queue it
   * is named when nothing else stands in the way.
   */
  | {
      readonly kind: 'rate-reached';
      readonly queue: string;
      readonly group?: string;
      readonly rate: Rate;
      readonly until?: Date;
    }
  | {
      readonly kind: 'group-paused';
      readonly queue: string;
      readonly group: string;
      readonly since: Date;
      readonly because: string;
    }
  /** As many jobs of its group run as the limit of groups allows. */
  | {
      readonly kind: 'group-limit';
      readonly queue: string;
      readonly group: string;
      readonly concurrency: number;
      readonly running: number;
    };

/** Which groups and limits hold a waiting job back, as far as is known for certain. */
export function limitFacts(
  { queue, group }: JobRecord,
  stats: QueueStats | undefined,
  groupStats: GroupStats | undefined,
): readonly LimitFacts[] {
  const facts: LimitFacts[] = [];
  const { limits, running = 0 } = stats ?? {};
  if (limits?.concurrency !== undefined && running >= limits.concurrency) {
    facts.push({ kind: 'limit-reached', queue, concurrency: limits.concurrency, running });
  }
  if (group === undefined || groupStats === undefined) return facts;
  const { paused, startsAgainAt } = groupStats;
  const { concurrency, rate } = limits?.groups ?? {};
  if (paused) {
    facts.push({ kind: 'group-paused', queue, group, since: new Date(paused.at), because: paused.reason });
  }
  if (concurrency !== undefined && groupStats.running >= concurrency) {
    facts.push({ kind: 'group-limit', queue, group, concurrency, running: groupStats.running });
  }
  if (rate !== undefined && startsAgainAt !== undefined) {
    facts.push({ kind: 'rate-reached', queue, group, rate, until: new Date(startsAgainAt) });
  }
  return facts;
}

export function limitMessage(facts: LimitFacts): string {
  switch (facts.kind) {
    case 'limit-reached':
      return `${facts.running} jobs of the queue '${facts.queue}' run, and its limit is ${facts.concurrency}.`;
    case 'group-limit':
      return `${facts.running} jobs of its group '${facts.group}' run, and the limit of each group is ${facts.concurrency}.`;
    case 'group-paused':
      return `Its group '${facts.group}' is paused since ${facts.since.toISOString()}: ${facts.because}.`;
    case 'rate-reached': {
      const { rate, group, queue, until } = facts;
      const whose = group === undefined ? `The queue '${queue}'` : `Its group '${group}'`;
      const when =
        until === undefined
          ? 'it may wait for others to be that long ago'
          : `the next may at ${until.toISOString()}`;
      return `${whose} starts at most ${rate.count} jobs in ${rate.per} ms: ${when}.`;
    }
  }
}
