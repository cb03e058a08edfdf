import type { JobRecord } from '../../../core/job.js';
import { decodeCursor, checkPageLimit } from '../../../storage/paging.js';
import type { JobPage, JobQuery, QueueStats } from '../../../storage/inspection.js';
import { pauseOf } from '../groups/governing.js';
import { recordOf, type RecordReply } from '../jobs/job-record.js';
import { STATE } from '../layout/stored-letters.js';
import type { Lanes } from '../jobs/lanes.js';
import { INFO, LIST, STATS } from './looking.lua.js';
import { pairsOf } from '../connection/pairs-of.js';
import { decodeLimits } from '../groups/queue-limits.js';
import { NOTHING_OF_LATE, recentOf } from '../layout/recent-ends.js';
import { scriptOf } from '../connection/redis-connection.js';
import type { ScriptRunner } from '../connection/script-runner.js';

const scripts = { info: scriptOf(INFO), list: scriptOf(LIST), stats: scriptOf(STATS) };
const MOST_AT_ONCE = 1000;
const THE_END = -1;

type ListReply = [now: number, below: number, isMore: number, ...records: RecordReply[]];
type LaneNumbers = [
  ready: number,
  scheduled: number,
  retrying: number,
  running: number,
  dead: string | null,
  completed: string | null,
  failed: string | null,
  blocked: string | null,
  oldestReadyAt: number | null,
];
type StatsReply = [
  lanes: LaneNumbers[],
  queues: string[],
  paused: string[],
  governed: string[],
  recent: [key: string, counts: string[]][],
];

/** Reads jobs and counts them. */
export class Looking {
  readonly #runner: ScriptRunner;
  readonly #lanes: Lanes;

  constructor(runner: ScriptRunner, lanes: Lanes) {
    this.#runner = runner;
    this.#lanes = lanes;
  }

  async info(ids: readonly string[]): Promise<(JobRecord | undefined)[]> {
    const records: (JobRecord | undefined)[] = [];
    for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
      const some = ids.slice(start, start + MOST_AT_ONCE);
      const [now, ...found] = await this.#runner.run<[number, ...(RecordReply | null)[]]>(
        scripts.info,
        () => some,
      );
      records.push(...found.map((reply) => (reply === null ? undefined : recordOf(reply, now, this.#lanes))));
    }
    return records;
  }

  async list(query: JobQuery): Promise<JobPage> {
    checkPageLimit(query.limit);
    let below = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(query.cursor);
    const jobs: JobRecord[] = [];
    while (below !== THE_END) {
      const encode = () => this.#encode(query, below, query.limit - jobs.length);
      const [now, on, isMore, ...found] = await this.#runner.run<ListReply>(scripts.list, encode);
      jobs.push(...found.map((reply) => recordOf(reply, now, this.#lanes)));
      if (isMore === 1) return { jobs, cursor: String(on) };
      below = on;
    }
    return { jobs };
  }

  async stats(): Promise<QueueStats[]> {
    const [lanes, queues, paused, governed, steps] = await this.#runner.run<StatsReply>(scripts.stats, () => [
      String(this.#lanes.count),
    ]);
    const pauses = new Map(pairsOf(paused));
    const limits = new Map(pairsOf(governed));
    const recent = recentOf(steps, this.#lanes);
    const numbers = new Map<string, Numbers>();
    for (const [nth, lane] of lanes.entries()) {
      const { queue } = this.#lanes.byNumber(String(nth + 1));
      numbers.set(queue, add(numbers.get(queue) ?? NOTHING, lane));
    }
    return pairsOf(queues)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([queue, since]) => ({
        queue,
        ...(numbers.get(queue) ?? NOTHING),
        since: Number(since),
        ...pauseOf(pauses.get(queue)),
        ...limitsOf(limits.get(queue)),
        recent: recent.get(queue) ?? NOTHING_OF_LATE,
      }));
  }

  #encode({ state, queue, name, uniqueKey, group, flow }: JobQuery, below: number, limit: number): string[] {
    const isNarrow = queue !== undefined || name !== undefined;
    const lanes = this.#lanes.matching({
      ...(queue !== undefined && { queue }),
      ...(name !== undefined && { name }),
    });
    return [
      ...[String(below), String(limit), state === undefined ? '' : STATE[state]],
      ...[uniqueKey, group, flow].map((text) => (text === undefined ? '' : `+${text}`)),
      // No lane has number 0: where none fits, nothing does.
      ...(isNarrow ? [...lanes, '0'] : []),
    ];
  }
}

type Numbers = Omit<QueueStats, 'queue' | 'since' | 'paused' | 'limits' | 'recent'>;

const NOTHING: Numbers = {
  ...{ blocked: 0, ready: 0, scheduled: 0, running: 0, retrying: 0, dead: 0, completed: 0, failed: 0 },
};

function add(sum: Numbers, lane: LaneNumbers): Numbers {
  const [ready, scheduled, retrying, running, dead, completed, failed, blocked, oldest] = lane;
  const oldestReadyAt = Math.min(sum.oldestReadyAt ?? Infinity, oldest ?? Infinity);
  return {
    blocked: sum.blocked + Number(blocked ?? 0),
    ready: sum.ready + ready,
    scheduled: sum.scheduled + scheduled,
    running: sum.running + running,
    retrying: sum.retrying + retrying,
    dead: sum.dead + Number(dead ?? 0),
    completed: sum.completed + Number(completed ?? 0),
    failed: sum.failed + Number(failed ?? 0),
    ...(oldestReadyAt === Infinity ? {} : { oldestReadyAt }),
  };
}

function limitsOf(text: string | undefined): Pick<QueueStats, 'limits'> {
  const limits = decodeLimits(text);
  return limits === undefined ? {} : { limits };
}
