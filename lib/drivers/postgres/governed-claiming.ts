import type { PopRequest } from '../../storage/claims.js';
import {
  limitsOf,
  roomOf,
  startsOf,
  storedStarts,
  type Bounds,
  type Room,
} from '../../storage/queue-room.js';
import { CLAIM_THESE } from './claim-statement.js';
import type { Database } from './database.js';
import { beginClaim, nextLookAt, numbersOf, roomOfGroup, type HeldQueue } from './group-line.js';
import { keyOf } from './job-key.js';
import type { Lane } from './lanes.js';
import { PLACE, RANK } from './schema.js';
import { arrayOf, type Sql, type SqlRow } from './sql.js';
import { toStored } from './stored-text.js';

const HOLD = `
  select limits, starts, turn, turns, has_groups, is_governed, paused_at is not null as is_paused
  from jobs.queue where key = $1::uuid for no key update`;
const firstOf = (condition: string, limit: string) => `
  array(
    select seq from unnest($1::integer[]) as l (lane) cross join lateral (
      select seq, ${RANK} as rank, ${PLACE} as place from jobs.job
      where state = 0 and ${condition} and job.lane = l.lane and (expires_at is null or expires_at > $3::bigint)
      order by ${RANK}, ${PLACE}, seq limit ${limit}) one
    order by rank, place, seq limit ${limit})::text`;
/**
 * The groups whose turns are next, the first jobs of each, and those without a group. Parameters: lanes, how many jobs are
 * wanted, the time, the bound on jobs of a group that run, whether there are groups at all.
 */
const CANDIDATES = `
  with next as materialized (
    select grp, min(turn) as turn from unnest($1::integer[]) as l (lane) cross join lateral (
      select grp, turn from jobs.line where line.lane = l.lane order by turn limit $2::integer) one
    where $5::boolean group by grp order by min(turn) limit $2::integer),
  each as materialized (select ceil($2::numeric / greatest(1, (select count(*) from next)))::integer as most)
  select null::integer as id, null::bigint as turn, null as starts, false as is_paused, 0 as running,
    ${firstOf('grp is null', '$2::integer')} as seqs
  union all
  select g.id, next.turn, g.starts, g.paused_at is not null,
    (select count(*) from (select 1 from jobs.job where grp = g.id and state = 3 limit $4::integer) r)::integer,
    ${firstOf('grp = g.id', '(select most from each)')}
  from next join jobs.job_group g on g.id = next.grp`;
const REMEMBER = `
  with turned as (
    update jobs.line set turn = x.turn from unnest($1::integer[], $2::bigint[]) as x (grp, turn) where line.grp = x.grp),
  started as (
    update jobs.job_group set starts = x.starts from json_to_recordset($3::text::json) as x(id integer, starts text)
    where job_group.id = x.id)
  update jobs.queue set turn = $5::bigint, turns = $6::bigint, starts = $7::text where key = $4::uuid`;

/** Jobs of one group, or those without one, that a claim may take in this round. */
interface Candidate {
  /** Absent: those without a group. */
  readonly group: number | undefined;
  readonly seqs: number[];
  readonly starts: string | null;
  turn: number;
  /** How many may still start. */
  room: number;
  taken: number;
}

/** What a claim took. `nextIn` as in `Popped`. */
export interface Taken {
  readonly rows: readonly SqlRow[];
  readonly nextIn?: number;
  /** Set where others may wait for the end of what was taken. */
  readonly isBounded: boolean;
  /** Nothing keeps the queue from being claimed side by side any more. */
  readonly isFree: boolean;
}

const NOTHING: Taken = { rows: [], isBounded: false, isFree: false };

/**
 * Hands out the jobs of queues that have limits or groups. One claim after another: each holds the row of its queue, and counts
 * in statements that begin only then, so that what it counts is so until it is committed.
 */
export class GovernedClaiming {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  take(queue: string, lanes: readonly Lane[], want: number, request: PopRequest): Promise<Taken> {
    return this.#database.transaction(async (sql) => {
      const [row] = await sql.rows(HOLD, [keyOf(queue)]);
      if (row === undefined) return { ...NOTHING, isFree: true };
      if (row.is_paused === true) return NOTHING;
      const taken = await this.#takeIn(sql, heldQueue(queue, row), row, lanes, want, request);
      return { ...taken, isFree: row.is_governed !== true };
    });
  }

  async #takeIn(
    sql: Sql,
    queue: HeldQueue,
    row: SqlRow,
    lanes: readonly Lane[],
    want: number,
    request: PopRequest,
  ): Promise<Omit<Taken, 'isFree'>> {
    const { now, running, isBehind } = await beginClaim(sql, queue);
    const { bounds, groupBounds } = queue;
    const isBounded = bounds.concurrency !== undefined || groupBounds.concurrency !== undefined;
    const starts = row.starts as string | null;
    const room = roomOf(bounds, running, startsOf(starts), now);
    const limit = Math.min(want, room.count);
    const rows: SqlRow[] = [];
    const opens: (number | undefined)[] = [];
    let hasTurned = false;
    while (rows.length < limit && lanes.length > 0) {
      const candidates = await this.#candidates(sql, queue, lanes, limit - rows.length, now);
      const seqs = takeTurns(queue, candidates, limit - rows.length);
      const taken = seqs.length === 0 ? [] : await claimThese(sql, seqs, request, now);
      rows.push(...taken);
      hasTurned = true;
      await remember(sql, queue, candidates, storedStarts(bounds, startsOf(starts), now, rows.length), now);
      for (const { group, starts: before, taken: count, room: left } of candidates)
        if (group !== undefined && left <= 0) opens.push(opensAfter(groupBounds, before, now, count));
      if (taken.length === 0) break;
    }
    // Numbers that were given must not be given again.
    if (!hasTurned && queue.turns !== row.turns) await remember(sql, queue, [], starts, now);
    if (rows.length === want || isBehind) return { rows, nextIn: 0, isBounded };
    const after: Room = roomOf(
      bounds,
      running + rows.length,
      startsOf(storedStarts(bounds, startsOf(starts), now, rows.length)),
      now,
    );
    if (after.count <= 0) opens.splice(0, Infinity, after.opensAt);
    else if (queue.hasGroups) opens.push(await nextLookAt(sql, queue));
    const known = opens.filter((time) => time !== undefined);
    return known.length === 0
      ? { rows, isBounded }
      : { rows, nextIn: Math.max(0, Math.min(...known) - now), isBounded };
  }

  async #candidates(
    sql: Sql,
    { hasGroups, groupBounds }: HeldQueue,
    lanes: readonly Lane[],
    want: number,
    now: number,
  ): Promise<Candidate[]> {
    const ids = arrayOf(lanes.map(({ id }) => id));
    const rows = await sql.rows(CANDIDATES, [ids, want, now, groupBounds.concurrency ?? 0, hasGroups]);
    return rows.map((row): Candidate => {
      const group = (row.id as number | null) ?? undefined;
      const room = group === undefined ? Infinity : roomOfGroup(row, groupBounds, now).count;
      const starts = row.starts as string | null;
      return { group, seqs: numbersOf(row.seqs), starts, turn: row.turn as number, room, taken: 0 };
    });
  }
}

function heldQueue(name: string, row: SqlRow): HeldQueue {
  const { groups = {}, ...bounds } = limitsOf(row.limits);
  return {
    ...{ key: keyOf(name), name: toStored(name), bounds, groupBounds: groups },
    hasGroups: row.has_groups === true,
    turn: row.turn as number,
    turns: row.turns as number,
  };
}

/** The numbers of the jobs to claim: one of the group whose turn is lowest, which then stands behind all others, again and again. */
function takeTurns(queue: HeldQueue, candidates: readonly Candidate[], want: number): number[] {
  const own = candidates.find(({ group }) => group === undefined);
  if (own !== undefined) {
    // They come new, like a group. Afterwards they keep their turn, whether or not this runner knows any of them.
    if (queue.turn === 0 && own.seqs.length > 0) queue.turn = queue.turns += 1;
    own.turn = queue.turn;
  }
  const line = candidates
    .filter(({ seqs, room }) => seqs.length > 0 && room > 0)
    .toSorted((a, b) => a.turn - b.turn);
  const seqs: number[] = [];
  for (let first = line.shift(); first !== undefined && seqs.length < want; first = line.shift()) {
    seqs.push(first.seqs[first.taken] as number);
    first.taken += 1;
    first.room -= 1;
    first.turn = queue.turns += 1;
    if (first.taken < first.seqs.length && first.room > 0) line.push(first);
  }
  if (own !== undefined && own.taken > 0) queue.turn = own.turn;
  return seqs;
}

/** Those that nobody has changed meanwhile, in the order of the numbers. */
async function claimThese(
  sql: Sql,
  seqs: readonly number[],
  { runner, lease }: PopRequest,
  now: number,
): Promise<readonly SqlRow[]> {
  const rows = await sql.rows(CLAIM_THESE, [arrayOf(seqs), toStored(runner), lease, now]);
  const places = new Map(seqs.map((seq, place) => [seq, place]));
  const placeOf = (row: SqlRow) => places.get(row.seq as number) ?? 0;
  return rows.toSorted((a, b) => placeOf(a) - placeOf(b));
}

async function remember(
  sql: Sql,
  { key, turn, turns, groupBounds }: HeldQueue,
  candidates: readonly Candidate[],
  starts: string | null,
  now: number,
): Promise<void> {
  const served = candidates.filter(({ group, taken }) => group !== undefined && taken > 0);
  const counted =
    groupBounds.rate === undefined
      ? []
      : served.map(({ group, starts: before, taken }) => ({
          id: group,
          starts: storedStarts(groupBounds, startsOf(before), now, taken),
        }));
  await sql.rows(REMEMBER, [
    arrayOf(served.map(({ group }) => group as number)),
    arrayOf(served.map((one) => one.turn)),
    JSON.stringify(counted),
    ...[key, turn, turns, starts],
  ]);
}

/** When the time alone lets a group start another job, after so many have started now. */
function opensAfter({ rate }: Bounds, starts: string | null, now: number, count: number): number | undefined {
  if (rate === undefined) return undefined;
  return roomOf({ rate }, 0, startsOf(storedStarts({ rate }, startsOf(starts), now, count)), now).opensAt;
}
