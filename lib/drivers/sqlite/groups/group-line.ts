import { startsWithin } from '../../../core/rate.js';
import { limitsOf, roomOf, startsOf, type Bounds, type Room } from '../../../storage/queue-room.js';
import { LIMIT, type SqlRow, type Statements } from '../connection/sqlite-client.js';

const GROUP = `
  select jobs_group.turn, jobs_group.starts, jobs_group.paused_at, look_at, limits
  from jobs_group join jobs_queue on jobs_queue.name = jobs_group.queue where id = ?`;
const NEXT_LANE = `
  select lane from jobs_job where grp = ? and state = 0 and lane > ? order by lane limit 1`;
const RUNNING = `
  select count(*) as jobs from (select 1 from jobs_job where grp = ? and state = 3 ${LIMIT})`;
// A job that ends leaves its group.
const HAS_JOBS = `select 1 from jobs_job where grp = ? limit 1`;
const LINED_UP = `select lane from jobs_line where grp = ? order by lane`;
const JOIN = `insert into jobs_line (grp, lane, turn) values (?, ?, ?)`;
const LEAVE = `delete from jobs_line where grp = ?`;
const LOOK_AT = `update jobs_group set look_at = ? where id = ?`;
const FORGET = `delete from jobs_group where id = ?`;

/**
 * Puts a group into the line of each lane that it has ready jobs in, if one may start, and out of all others; makes sure that it
 * is looked at again when the time alone will change that. To be called after whatever may have: then claims meet only
 * groups that they can take from.
 */
export function lineUp(sql: Statements, group: number, now: number): void {
  const row = sql.first(GROUP, group);
  if (row === undefined) return;
  const bounds = limitsOf(row.limits).groups ?? {};
  const lanes = readyLanes(sql, group);
  const room = roomOfGroup(sql, group, row, bounds, now);
  join(sql, group, room.count > 0 ? lanes : [], row.turn as number);
  const lookAt = lanes.length > 0 ? room.opensAt : undefined;
  const isOver = lanes.length === 0 && row.paused_at === null && sql.first(HAS_JOBS, group) === undefined;
  if (isOver) return leaveBehind(sql, group, row, bounds, now);
  if ((lookAt ?? null) !== row.look_at) sql.run(LOOK_AT, lookAt ?? null, group);
}

/** How many jobs of a group may start now; `row` has its `starts` and `paused_at`. */
export function roomOfGroup(sql: Statements, group: number, row: SqlRow, bounds: Bounds, now: number): Room {
  if (row.paused_at !== null) return { count: 0 };
  return roomOf(bounds, runningOf(sql, group, bounds), startsOf(row.starts), now);
}

/** Takes a group that may start nothing out of the line. `lookAt`: when it may again. */
export function leaveLine(sql: Statements, group: number, lookAt: number | undefined): void {
  sql.run(LEAVE, group);
  if (lookAt !== undefined) sql.run(LOOK_AT, lookAt, group);
}

/** No more than it matters. */
function runningOf(sql: Statements, group: number, { concurrency }: Bounds): number {
  return concurrency === undefined ? 0 : (sql.first(RUNNING, group, concurrency)?.jobs as number);
}

function readyLanes(sql: Statements, group: number): number[] {
  const lanes: number[] = [];
  for (;;) {
    const lane = sql.first(NEXT_LANE, group, lanes.at(-1) ?? -1)?.lane as number | undefined;
    if (lane === undefined) return lanes;
    lanes.push(lane);
  }
}

function join(sql: Statements, group: number, lanes: readonly number[], turn: number): void {
  const before = sql.all(LINED_UP, group).map(({ lane }) => lane);
  if (before.length === lanes.length && before.every((lane, index) => lane === lanes[index])) return;
  if (before.length > 0) sql.run(LEAVE, group);
  for (const lane of lanes) sql.run(JOIN, group, lane, turn);
}

/** A group without jobs is forgotten, once its starts no longer count. */
function leaveBehind(sql: Statements, group: number, row: SqlRow, { rate }: Bounds, now: number): void {
  const last = rate && startsWithin(rate, startsOf(row.starts), now).at(-1)?.[1];
  if (rate === undefined || last === undefined) sql.run(FORGET, group);
  else sql.run(LOOK_AT, last + rate.per, group);
}
