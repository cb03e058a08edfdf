import type { LeasedJob } from '../../core/job.js';
import type { PopRequest } from '../../storage/claims.js';
import { hasReadyOwn } from './group-table.js';
import { leaveLine, lineUp, roomOfGroup } from './group-line.js';
import type { LaneClaims } from './lane-claims.js';
import type { Lane, Lanes } from './lanes.js';
import { limitsOf, roomOf, startsOf, storedStarts, type Bounds, type Room } from './queue-room.js';
import { LIMIT, type SqlRow, type Statements } from './sqlite-client.js';
import type { Transaction } from './transaction.js';

/** What was put off to a claim must not make that claim long. */
const LOOKED_AT_ONCE = 100;

const QUEUE = `select limits, starts, turn, turns, has_groups from jobs_queue where name = ?`;
// All that run, of whatever queue, are few beside what waits.
const RUNNING = `
  select count(*) as jobs from jobs_job indexed by jobs_leased
  where state = 3 and lane in (select id from jobs_lane where queue = ?)`;
const TO_LOOK_AT = `
  select id from jobs_group where queue = ? and look_at is not null and look_at <= ? order by look_at ${LIMIT}`;
const NEXT_LOOK = `
  select look_at from jobs_group where queue = ? and look_at is not null order by look_at limit 1`;
const FIRST_IN_LINE = `select grp, turn from jobs_line where lane = ? order by turn limit 1`;
const GROUP = `select starts, paused_at from jobs_group where id = ?`;
const FIRST_JOB = `
  select seq, rank, place, run_at from jobs_job where grp = ? and state = 0 and lane = ?
  order by rank, place, run_at, seq limit 1`;
const LEAVE_LANE = `delete from jobs_line where grp = ? and lane = ?`;
const TAKE_TURN = `update jobs_group set turn = ?, starts = ? where id = ?`;
const TAKE_PLACE = `update jobs_line set turn = ? where grp = ?`;
const REMEMBER = `update jobs_queue set turn = ?, turns = ?, starts = ? where name = ?`;

/** A claim from one queue, while it is under way. */
interface Claim {
  readonly queue: string;
  readonly lanes: readonly Lane[];
  readonly request: PopRequest;
  readonly groupBounds: Bounds;
  /** Of the jobs without a group; 0 while there is none, and until they were seen. */
  turn: number;
  /** The last number that was given to a group. */
  turns: number;
}

/**
 * Hands out the jobs of queues that have limits or groups. All of it happens under the write lock, so that what was counted
 * is so until the claim stands.
 */
export class GovernedClaiming {
  readonly #lanes: Lanes;
  readonly #claims: LaneClaims;

  constructor(lanes: Lanes, claims: LaneClaims) {
    this.#lanes = lanes;
    this.#claims = claims;
  }

  take(tx: Transaction, queue: string, limit: number, request: PopRequest): LeasedJob[] {
    tx.lineUp();
    for (const { id } of tx.sql.all(TO_LOOK_AT, queue, tx.now, LOOKED_AT_ONCE))
      lineUp(tx.sql, id as number, tx.now);
    const row = tx.sql.first(QUEUE, queue);
    if (row === undefined) return [];
    const limits = limitsOf(row.limits);
    const count = Math.min(limit, roomOfQueue(tx.sql, queue, row, tx.now).count);
    if (count <= 0) return [];
    const claim: Claim = {
      queue,
      lanes: this.#lanes.known(queue, request),
      request,
      groupBounds: limits.groups ?? {},
      turn: row.turn as number,
      turns: row.turns as number,
    };
    const jobs = row.has_groups === 1 ? this.#takeTurns(tx, claim, count) : this.#takeOwn(tx, claim, count);
    if (jobs.length > 0) {
      const starts = storedStarts(limits, startsOf(row.starts), tx.now, jobs.length);
      tx.sql.run(REMEMBER, claim.turn, claim.turns, starts, queue);
    }
    return jobs;
  }

  /** When a job may start: now where one can, and otherwise as far as a time decides that. Never too late. */
  nextAt(sql: Statements, queue: string, lanes: readonly Lane[], now: number): number | undefined {
    const row = sql.first(QUEUE, queue);
    if (row === undefined) return undefined;
    const { count, opensAt } = roomOfQueue(sql, queue, row, now);
    if (count <= 0) return opensAt;
    if (this.#claims.hasReady(sql, lanes)) return now;
    if (row.has_groups !== 1) return undefined;
    if (firstInLine(sql, lanes) !== undefined) return now;
    return sql.first(NEXT_LOOK, queue)?.look_at as number | undefined;
  }

  /** One job of the group whose turn is lowest, again and again. */
  #takeTurns(tx: Transaction, claim: Claim, count: number): LeasedJob[] {
    const jobs: LeasedJob[] = [];
    let hasOwn = this.#lookForOwn(tx, claim);
    while (jobs.length < count) {
      const first = firstInLine(tx.sql, claim.lanes);
      if (first === undefined) {
        if (hasOwn) jobs.push(...this.#takeOwn(tx, claim, count - jobs.length));
        this.#lookForOwn(tx, claim);
        break;
      }
      if (hasOwn && claim.turn < first.turn) {
        jobs.push(...this.#takeOwn(tx, claim, 1));
        hasOwn = this.#lookForOwn(tx, claim);
      } else jobs.push(...this.#takeOfGroup(tx, claim, first.group));
    }
    return jobs;
  }

  /** Whether there are jobs without a group. They come new, like a group, when there was none. */
  #lookForOwn(tx: Transaction, claim: Claim): boolean {
    const hasOwn = this.#claims.hasReady(tx.sql, claim.lanes);
    if (hasOwn && claim.turn === 0) claim.turn = claim.turns += 1;
    else if (!hasOwn && !hasReadyOwn(tx.sql, claim.queue)) claim.turn = 0;
    return hasOwn;
  }

  /** Of the jobs without a group, which take turns as one. */
  #takeOwn(tx: Transaction, claim: Claim, count: number): LeasedJob[] {
    claim.turns += 1;
    claim.turn = claim.turns;
    return this.#claims.take(tx, claim.lanes, count, claim.request);
  }

  /** One job; none where it turns out that none can start, and then the group has left the line. */
  #takeOfGroup(tx: Transaction, claim: Claim, group: number): LeasedJob[] {
    const { groupBounds, lanes, request } = claim;
    const row = tx.sql.first(GROUP, group);
    const room = row === undefined ? { count: 0 } : roomOfGroup(tx.sql, group, row, groupBounds, tx.now);
    const first = room.count > 0 ? firstOf(tx, group, lanes) : undefined;
    if (row === undefined || first === undefined) {
      if (room.count <= 0) leaveLine(tx.sql, group, room.opensAt);
      return [];
    }
    const jobs = this.#claims.takeOne(tx, first.seq as number, request);
    claim.turns += 1;
    const starts = storedStarts(groupBounds, startsOf(row.starts), tx.now, 1);
    tx.sql.run(TAKE_TURN, claim.turns, starts, group);
    // It may have been the last that it could start for now.
    if (isBounded(groupBounds)) lineUp(tx.sql, group, tx.now);
    tx.sql.run(TAKE_PLACE, claim.turns, group);
    return jobs;
  }
}

function roomOfQueue(sql: Statements, queue: string, row: SqlRow, now: number): Room {
  const limits = limitsOf(row.limits);
  const running = limits.concurrency === undefined ? 0 : (sql.first(RUNNING, queue)?.jobs as number);
  return roomOf(limits, running, startsOf(row.starts), now);
}

/** The group whose turn is next, of those with jobs in these lanes. */
function firstInLine(sql: Statements, lanes: readonly Lane[]): { group: number; turn: number } | undefined {
  let first: { group: number; turn: number } | undefined;
  for (const { id } of lanes) {
    const row = sql.first(FIRST_IN_LINE, id);
    if (row === undefined || (first !== undefined && first.turn <= (row.turn as number))) continue;
    first = { group: row.grp as number, turn: row.turn as number };
  }
  return first;
}

/** The first job of the group in these lanes. A lane that has none is left. */
function firstOf(tx: Transaction, group: number, lanes: readonly Lane[]): SqlRow | undefined {
  let first: SqlRow | undefined;
  for (const { id } of lanes) {
    const row = tx.sql.first(FIRST_JOB, group, id);
    if (row === undefined) tx.sql.run(LEAVE_LANE, group, id);
    else if (first === undefined || isBefore(row, first)) first = row;
  }
  return first;
}

function isBefore(a: SqlRow, b: SqlRow): boolean {
  for (const column of ['rank', 'place', 'run_at', 'seq']) {
    const difference = Number(a[column]) - Number(b[column]);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function isBounded({ concurrency, rate }: Bounds): boolean {
  return concurrency !== undefined || rate !== undefined;
}
