import type { JobRecord } from '../../../core/job.js';
import type { JobPage, JobQuery, QueueStats } from '../../../storage/inspection.js';
import { checkPageLimit, decodeCursor } from '../../../storage/paging.js';
import { limitsOf } from '../../../storage/queue-room.js';
import type { Database } from '../connection/database.js';
import { jobKeyOf } from '../jobs/job-key.js';
import { ENDED_COLUMNS, LIVE_COLUMNS, recordOf } from '../jobs/job-row.js';
import type { Lanes } from '../jobs/lanes.js';
import { TALLY } from '../schema/recent-ends.sql.js';
import { LAPSED, STATE } from '../schema/schema.js';
import { arrayOf, type SqlRow, type SqlValue } from '../connection/sql.js';
import { fromStored, toStored } from '../connection/stored-text.js';

const BY_KEY = `
  select ${LIVE_COLUMNS}, (select jobs.clock_1()) as now from jobs.job where key = any($1::uuid[])
  union all
  select ${ENDED_COLUMNS}, (select jobs.clock_1()) from jobs.ended_job where key = any($1::uuid[])`;
const QUEUES = `select name, since, paused_at, pause_reason, limits from jobs.queue`;
const NOW = `select jobs.clock_1() as now`;
const LIVE = `
  select lane, state, run_at <= (select jobs.clock_1()) as is_due, count(*) as jobs, min(run_at) as oldest
  from jobs.job group by lane, state, is_due`;
const DEAD = `select lane, count(*) as jobs from jobs.ended_job where state = 5 group by lane`;
// It counts every live job: reading the table in its own order is then the best there is.
const IN_ANY_ORDER = `set local enable_seqscan = on`;

type Counted = 'blocked' | 'ready' | 'scheduled' | 'retrying' | 'running' | 'dead' | 'completed' | 'failed';
type Counts = Record<Counted, number> & { oldestReadyAt?: number; recent: NonNullable<QueueStats['recent']> };
type Span = keyof NonNullable<QueueStats['recent']>;

/** Reads jobs and counts them. */
export class Looking {
  readonly #database: Database;
  readonly #lanes: Lanes;

  constructor(database: Database, lanes: Lanes) {
    this.#database = database;
    this.#lanes = lanes;
  }

  async info(ids: readonly string[]): Promise<(JobRecord | undefined)[]> {
    const keys = ids.map(jobKeyOf);
    const rows = await this.#database.rows(BY_KEY, [arrayOf(keys)]);
    await this.#lanes.learn(this.#database, rows);
    const found = new Map(rows.map((row) => [row.key as string, row]));
    return keys.map((key) => {
      const row = found.get(key);
      return row && this.#record(row);
    });
  }

  async list(query: JobQuery): Promise<JobPage> {
    checkPageLimit(query.limit);
    const cursor = query.cursor === undefined ? null : decodeCursor(query.cursor);
    await this.#lanes.refresh(this.#database);
    const lanes = this.#lanes.matching(query.queue, query.name);
    if (lanes.length === 0) return { jobs: [] };
    const rows = await this.#database.rows(
      pageOf(query),
      pageValues(
        query,
        cursor,
        lanes.map(({ id }) => id),
      ),
    );
    await this.#lanes.learn(this.#database, rows);
    const page = rows.slice(0, query.limit);
    const jobs = page.map((row) => this.#record(row));
    return rows.length > query.limit ? { jobs, cursor: String(page.at(-1)?.seq) } : { jobs };
  }

  async stats(): Promise<QueueStats[]> {
    const [queues, counted, now] = await this.#database.transaction(async (sql) => {
      // One snapshot, so that a job that moves meanwhile is counted once.
      await sql.rows(`set transaction isolation level repeatable read, read only`);
      await sql.rows(IN_ANY_ORDER);
      const rows = [await sql.rows(LIVE), await sql.rows(DEAD), await sql.rows(TALLY)] as const;
      return [await sql.rows(QUEUES), rows, (await sql.rows(NOW))[0]?.now as number] as const;
    });
    await this.#lanes.learn(this.#database, counted.flat());
    const counts = this.#count(...counted);
    const stats = queues.map((row): QueueStats => {
      const queue = fromStored(row.name as string);
      const reason = fromStored((row.pause_reason as string | null) ?? '');
      return {
        queue,
        ...(counts.get(queue) ?? NOTHING),
        since: row.since as number,
        ...(row.paused_at === null ? {} : { paused: { at: row.paused_at as number, reason } }),
        ...(row.limits === null ? {} : { limits: limitsOf(row.limits) }),
      };
    });
    // A process may have ended after its jobs were committed and before it made their queue known.
    for (const { queue } of stats) counts.delete(queue);
    for (const [queue, numbers] of counts) stats.push({ queue, ...numbers, since: now });
    return stats.toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
  }

  #count(live: readonly SqlRow[], dead: readonly SqlRow[], tally: readonly SqlRow[]): Map<string, Counts> {
    const counts = new Map<string, Counts>();
    const add = (row: SqlRow, what: Counted, number: unknown) => {
      const { queue } = this.#lanes.byId(row.lane as number);
      const of = counts.get(queue) ?? { ...NOTHING };
      counts.set(queue, of);
      of[what] += number as number;
      if (what === 'ready') of.oldestReadyAt = Math.min(of.oldestReadyAt ?? Infinity, row.oldest as number);
    };
    for (const row of live) add(row, countedAs(row), row.jobs);
    for (const row of dead) add(row, 'dead', row.jobs);
    for (const row of tally) {
      add(row, 'completed', row.completed);
      add(row, 'failed', row.failed);
      const of = counts.get(this.#lanes.byId(row.lane as number).queue);
      if (of !== undefined) of.recent = added(of.recent, row);
    }
    return counts;
  }

  #record(row: SqlRow): JobRecord {
    return recordOf(row, this.#lanes.byId(row.lane as number), row.now as number);
  }
}

const NOTHING: Readonly<Counts> = {
  ...{ blocked: 0, ready: 0, scheduled: 0, retrying: 0, running: 0, dead: 0, completed: 0, failed: 0 },
  recent: {
    hour: { completed: 0, failed: 0 },
    day: { completed: 0, failed: 0 },
    month: { completed: 0, failed: 0 },
  },
};

function added(recent: Counts['recent'], row: SqlRow): Counts['recent'] {
  const sum = (span: Span) => ({
    completed: recent[span].completed + (row[`${span}_completed`] as number),
    failed: recent[span].failed + (row[`${span}_failed`] as number),
  });
  return { hour: sum('hour'), day: sum('day'), month: sum('month') };
}

function countedAs({ state, is_due: isDue }: SqlRow): Counted {
  if (state === STATE.running) return 'running';
  if (state === STATE.blocked) return 'blocked';
  if (state === STATE.ready || isDue === true) return 'ready';
  return state === STATE.retrying ? 'retrying' : 'scheduled';
}

/** Parameters: limit, cursor, lanes, unique key, flow, group. Few texts for all questions, so that they stay prepared. */
function pageOf({ state }: JobQuery): string {
  const common = `($2::bigint is null or seq < $2::bigint) and lane = any($3::integer[])
    and ($4::text is null or unique_name = $4::text) and ($5::text is null or flow = $5::text)
    and ($6::text is null or group_name = $6::text)`;
  const page = (columns: string, table: string, condition: string) => `
    (select ${columns}, (select jobs.clock_1()) as now from jobs.${table} where ${common} and ${condition}
    order by seq desc limit $1::integer)`;
  const live = page(LIVE_COLUMNS, 'job', liveCondition(state));
  const ended = page(ENDED_COLUMNS, 'ended_job', state === undefined ? 'true' : `state = ${STATE[state]}`);
  if (state === 'completed' || state === 'dead' || state === 'cancelled') return ended;
  if (state !== undefined) return live;
  return `${live} union all ${ended} order by seq desc limit $1::integer`;
}

function liveCondition(state: JobQuery['state']): string {
  const now = `(select jobs.clock_1())`;
  if (state === undefined) return 'true';
  if (state === 'ready') return `(state = 0 or (state in (1, 2, ${LAPSED}) and run_at <= ${now}))`;
  if (state === 'scheduled') return `state in (1, ${LAPSED}) and run_at > ${now}`;
  if (state === 'retrying') return `state = 2 and run_at > ${now}`;
  return `state = ${STATE[state]}`;
}

function pageValues(
  { limit, uniqueKey, flow, group }: JobQuery,
  cursor: number | null,
  lanes: readonly number[],
): SqlValue[] {
  const texts = [uniqueKey, flow, group].map((text) => (text === undefined ? null : toStored(text)));
  return [limit + 1, cursor, arrayOf(lanes), ...texts];
}
