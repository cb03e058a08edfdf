import { roomOf, startsOf, type Bounds, type Room } from '../../storage/queue-room.js';
import { MOMENT } from './settling.sql.js';
import { arrayOf, type Sql, type SqlRow } from './sql.js';

/** What others left to a claim must not make that claim long. */
const MOST_NOTES = 10_000;
const LOOKED_AT_ONCE = 100;

/**
 * What a claim has to know first, in a statement that begins once it holds the queue: the time, how many run where that is
 * asked for, and the groups to look at. Parameters: key of the queue, its name, whether to count.
 */
const BEGIN = `
  with ${MOMENT},
  noted as (
    delete from jobs.note where seq = any(array(
      select seq from jobs.note where queue = $1::uuid order by seq limit ${MOST_NOTES}))
    returning seq, grp),
  due as (
    select id from jobs.job_group, moment where queue = $1::uuid and look_at <= moment.now
    order by look_at limit ${LOOKED_AT_ONCE})
  select moment.now,
    case when $3::boolean then (
      select count(*) from jobs.job where state = 3 and lane = any(array(select id from jobs.lane where queue = $2::text)))
    else 0 end::integer as running,
    (select count(*) from noted)::integer as notes,
    array(select grp from (select grp, min(seq) as seq from noted group by grp) x order by seq)::text as noted,
    array(select id from due)::text as due
  from moment`;
// From one lane to the next, however many jobs wait in each: what asks for lanes that have some may read them all.
const NEXT_LANE = `select lane from jobs.job where grp = g.id and state = 0`;
const READY_LANES = `
  with recursive ready as (
    (${NEXT_LANE} order by lane limit 1)
    union all
    select (${NEXT_LANE} and job.lane > ready.lane order by lane limit 1) from ready where lane is not null)
  select lane from ready where lane is not null`;
const LOOK = `
  select g.id, g.starts, g.paused_at is not null as is_paused, g.look_at,
    (select count(*) from (select 1 from jobs.job where grp = g.id and state = 3 limit $2::integer) r)::integer as running,
    array(${READY_LANES})::text as ready,
    array(select lane from jobs.line where grp = g.id)::text as lined, (select min(turn) from jobs.line where grp = g.id) as turn
  from unnest($1::integer[]) with ordinality as x (id, place) join jobs.job_group g on g.id = x.id
  order by x.place`;
const WRITE = `
  with gone as (
    delete from jobs.line using unnest($1::integer[], $2::integer[]) as x (grp, lane)
    where line.grp = x.grp and line.lane = x.lane),
  looked as (
    update jobs.job_group set look_at = x.at from json_to_recordset($3::text::json) as x(id integer, at bigint)
    where job_group.id = x.id)
  insert into jobs.line (grp, lane, turn) select * from unnest($4::integer[], $5::integer[], $6::bigint[])`;
const NEXT_LOOK = `
  select look_at from jobs.job_group where queue = $1::uuid and look_at is not null order by look_at limit 1`;

/** A queue that a claim holds: nobody else claims from it until the transaction ends. */
export interface HeldQueue {
  readonly key: string;
  readonly name: string;
  readonly hasGroups: boolean;
  readonly bounds: Bounds;
  readonly groupBounds: Bounds;
  /** Of the jobs without a group; 0 until they were seen. */
  turn: number;
  /** The last number that was given to a group. */
  turns: number;
}

/** What a claim begins with. */
export interface Begun {
  readonly now: number;
  readonly running: number;
  /** There is more to look at than was. */
  readonly isBehind: boolean;
}

/** Begins a claim: puts the groups that something has happened to into line, where one of their jobs may start, or out of it. */
export async function beginClaim(sql: Sql, queue: HeldQueue): Promise<Begun> {
  const [row] = await sql.rows(BEGIN, [queue.key, queue.name, queue.bounds.concurrency !== undefined]);
  const { now, running, notes } = row as unknown as { now: number; running: number; notes: number };
  const due = numbersOf(row?.due);
  const groups = [...new Set([...numbersOf(row?.noted), ...due])];
  if (groups.length > 0) await lineUp(sql, queue, groups, now);
  return { now, running, isBehind: notes === MOST_NOTES || due.length === LOOKED_AT_ONCE };
}

/** When the time alone will let a job of some group start. */
export async function nextLookAt(sql: Sql, queue: HeldQueue): Promise<number | undefined> {
  return ((await sql.rows(NEXT_LOOK, [queue.key]))[0]?.look_at as number | null | undefined) ?? undefined;
}

/** How many jobs of a group may start; its row has `starts`, `is_paused` and how many are `running`. */
export function roomOfGroup(row: SqlRow, bounds: Bounds, now: number): Room {
  if (row.is_paused === true) return { count: 0 };
  return roomOf(bounds, row.running as number, startsOf(row.starts), now);
}

/** A list of numbers as PostgreSQL writes it. */
export function numbersOf(array: unknown): number[] {
  const text = (array as string).slice(1, -1);
  return text === '' ? [] : text.split(',').map(Number);
}

async function lineUp(sql: Sql, queue: HeldQueue, groups: readonly number[], now: number): Promise<void> {
  const { groupBounds } = queue;
  const rows = await sql.rows(LOOK, [arrayOf(groups), groupBounds.concurrency ?? 0]);
  const leave: { grp: number; lane: number }[] = [];
  const join: { grp: number; lane: number; turn: number }[] = [];
  const looks: { id: number; at: number | null }[] = [];
  for (const row of rows) {
    const id = row.id as number;
    const [ready, lined] = [numbersOf(row.ready), numbersOf(row.lined)];
    const room = roomOfGroup(row, groupBounds, now);
    const wanted = room.count > 0 ? ready : [];
    for (const lane of lined) if (!wanted.includes(lane)) leave.push({ grp: id, lane });
    const added = wanted.filter((lane) => !lined.includes(lane));
    // One that comes new waits for every other once.
    const turn = lined.length > 0 || added.length === 0 ? (row.turn as number) : (queue.turns += 1);
    for (const lane of added) join.push({ grp: id, lane, turn });
    const at = (ready.length > 0 ? room.opensAt : undefined) ?? null;
    if (at !== row.look_at) looks.push({ id, at });
  }
  if (leave.length + join.length + looks.length === 0) return;
  await sql.rows(WRITE, [
    arrayOf(leave.map(({ grp }) => grp)),
    arrayOf(leave.map(({ lane }) => lane)),
    JSON.stringify(looks),
    arrayOf(join.map(({ grp }) => grp)),
    arrayOf(join.map(({ lane }) => lane)),
    arrayOf(join.map(({ turn }) => turn)),
  ]);
}
