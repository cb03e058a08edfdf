import type { JobRecord } from '../../../core/job.js';
import { decodeCursor, checkPageLimit } from '../../../storage/paging.js';
import type { JobPage, JobQuery, QueueStats } from '../../../storage/inspection.js';
import { isWaiter } from '../../../storage/flow-ties.js';
import type { Flows } from '../settling/flows.js';
import { WITH_NOTE } from '../jobs/found-job.js';
import { RECORD_COLUMNS, recordOf } from '../jobs/job-row.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { limitsOf } from '../../../storage/queue-room.js';
import { recentEnds } from '../schema/recent-ends.js';
import { STATE } from '../schema/schema.js';
import { LIMIT, type SqlRow, type SqlValue, type Statements } from '../connection/sqlite-client.js';

const RECORDS = `
  select ${RECORD_COLUMNS} from jobs_job cross join jobs_content on jobs_content.seq = jobs_job.seq
  ${WITH_NOTE}`;
// Where only few can match, and an index of theirs tells which.
const FEW_RECORDS = `
  select ${RECORD_COLUMNS} from jobs_content cross join jobs_job on jobs_job.seq = jobs_content.seq
  ${WITH_NOTE}`;
const BY_ID = `${RECORDS} where jobs_job.seq = (select seq from jobs_content where id = ?)`;
const QUEUES = `select name, completed, failed, since, paused_at, pause_reason, limits from jobs_queue order by name`;
// Each reads one partial index and no row of the table.
const READY = `select lane, count(*) as jobs, min(run_at) as oldest from jobs_job where state = 0 and grp is null group by lane`;
const READY_GROUPED = `
  select lane, count(*) as jobs, min(run_at) as oldest from jobs_job where state = 0 and grp is not null group by lane`;
const DUE = `
  select lane, count(*) as jobs, min(run_at) as oldest
  from jobs_job where state in (1, 2) and run_at <= ? group by lane`;
const WAITING = `
  select lane, state, count(*) as jobs from jobs_job where state in (1, 2) and run_at > ? group by lane, state`;
// To group is to sort all that wait. Where there are few lanes, it is five times faster to compare each row with each.
const FEW_LANES = 8;
const COUNTED = `count(*) filter (where lane = ? and state = ?)`;
const waitingIn = (counts: number) => {
  const columns = Array.from({ length: counts }, (_, nth) => `${COUNTED} as n${nth}`);
  return `select ${columns.join(', ')} from jobs_job where state in (1, 2) and run_at > ?`;
};
const LAPSED_JOBS = `
  select lane, count(*) as jobs, min(run_at) as oldest
  from jobs_job where state = 8 and expires_at is not null group by lane`;
const RUNNING = `select lane, count(*) as jobs from jobs_job where state = 3 group by lane`;
const STANDING = `
  select lane, state, count(*) as jobs from jobs_job where state in (5, 7) group by state, lane`;

type Counted = 'blocked' | 'ready' | 'scheduled' | 'retrying' | 'running' | 'dead';
type Counts = Record<Counted, number> & { oldestReadyAt?: number };

/** Reads jobs and counts them. */
export class Looking {
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #flows: Flows;

  constructor(lanes: Lanes, policies: Policies, flows: Flows) {
    this.#lanes = lanes;
    this.#policies = policies;
    this.#flows = flows;
  }

  info(sql: Statements, ids: readonly string[], now: number): (JobRecord | undefined)[] {
    return ids.map((id) => {
      const row = sql.first(BY_ID, id);
      return row && this.#record(sql, row, now);
    });
  }

  list(sql: Statements, query: JobQuery, now: number): JobPage {
    checkPageLimit(query.limit);
    const { conditions, values } = conditionsOf(query, now);
    const rows = sql.all(
      query.group === undefined && query.flow === undefined
        ? `${RECORDS} ${conditions} order by jobs_job.seq desc ${LIMIT}`
        : `${FEW_RECORDS} ${conditions} order by jobs_content.seq desc ${LIMIT}`,
      ...values,
      query.limit + 1,
    );
    const page = rows.slice(0, query.limit);
    const jobs = page.map((row) => this.#record(sql, row, now));
    return rows.length > query.limit ? { jobs, cursor: String(page.at(-1)?.seq) } : { jobs };
  }

  stats(sql: Statements, now: number): QueueStats[] {
    const counts = this.#count(sql, now);
    const recent = recentEnds.sums(sql, now);
    return sql.all(QUEUES).map((row) => ({
      queue: row.name as string,
      ...(counts.get(row.name as string) ?? NOTHING),
      completed: row.completed as number,
      failed: row.failed as number,
      since: row.since as number,
      ...(row.paused_at === null
        ? {}
        : { paused: { at: row.paused_at as number, reason: row.pause_reason as string } }),
      recent: recent(row.name as string),
      ...(row.limits === null ? {} : { limits: limitsOf(row.limits) }),
    }));
  }

  #count(sql: Statements, now: number): Map<string, Counts> {
    const counts = new Map<string, Counts>();
    const add = (row: SqlRow, state: Counted) => {
      const { queue } = this.#lanes.byId(sql, row.lane as number);
      const of = counts.get(queue) ?? { ...NOTHING };
      counts.set(queue, of);
      of[state] += row.jobs as number;
      if (state === 'ready') of.oldestReadyAt = Math.min(of.oldestReadyAt ?? Infinity, row.oldest as number);
    };
    for (const row of sql.all(READY)) add(row, 'ready');
    for (const row of sql.all(READY_GROUPED)) add(row, 'ready');
    for (const row of sql.all(LAPSED_JOBS)) add(row, 'ready');
    for (const row of sql.all(DUE, now)) add(row, 'ready');
    for (const row of this.#waiting(sql, now)) {
      add(row, row.state === STATE.retrying ? 'retrying' : 'scheduled');
    }
    for (const row of sql.all(RUNNING)) add(row, 'running');
    for (const row of sql.all(STANDING)) add(row, row.state === STATE.dead ? 'dead' : 'blocked');
    return counts;
  }

  #waiting(sql: Statements, now: number): readonly SqlRow[] {
    const lanes = this.#lanes.all(sql);
    if (lanes.length === 0 || lanes.length > FEW_LANES) return sql.all(WAITING, now);
    const asked = lanes.flatMap((lane) =>
      [STATE.scheduled, STATE.retrying].map((state) => ({ lane, state })),
    );
    const values = asked.flatMap(({ lane, state }) => [lane, state]);
    const counts = sql.first(waitingIn(asked.length), ...values, now);
    return asked
      .map((each, nth): SqlRow => ({ ...each, jobs: counts?.[`n${nth}`] ?? 0 }))
      .filter(({ jobs }) => jobs !== 0);
  }

  #record(sql: Statements, row: SqlRow, now: number): JobRecord {
    const policy = this.#policies.textOf(sql, row.policy);
    const record = recordOf(row, this.#lanes.byId(sql, row.lane as number), policy, now);
    return isWaiter(row.edges) ? { ...record, after: this.#flows.after(sql, row.seq as number) } : record;
  }
}

const NOTHING: Readonly<Counts> = { blocked: 0, ready: 0, scheduled: 0, retrying: 0, running: 0, dead: 0 };

function conditionsOf(query: JobQuery, now: number): { conditions: string; values: SqlValue[] } {
  const parts: [condition: string, ...values: SqlValue[]][] = [];
  if (query.cursor !== undefined) parts.push(['jobs_job.seq < ?', decodeCursor(query.cursor)]);
  if (query.queue !== undefined)
    parts.push(['lane in (select id from jobs_lane where queue = ?)', query.queue]);
  if (query.name !== undefined) parts.push(['lane in (select id from jobs_lane where name = ?)', query.name]);
  if (query.group !== undefined) parts.push(['group_name = ?', query.group]);
  if (query.flow !== undefined) parts.push(['flow = ?', query.flow]);
  if (query.uniqueKey !== undefined) parts.push(['unique_name = ?', query.uniqueKey]);
  if (query.state === 'ready') parts.push(['(state in (0, 8) or (state in (1, 2) and run_at <= ?))', now]);
  else if (query.state === 'scheduled' || query.state === 'retrying') {
    parts.push(['state = ? and run_at > ?', STATE[query.state], now]);
  } else if (query.state !== undefined) parts.push(['state = ?', STATE[query.state]]);
  const conditions = parts.map(([condition]) => condition).join(' and ');
  return {
    conditions: conditions === '' ? '' : `where ${conditions}`,
    values: parts.flatMap(([, ...values]) => values),
  };
}
