import type { LeasedJob } from '../../../core/job.js';
import type { PopRequest } from '../../../storage/claims.js';
import { hasReadyOwn } from './group-table.js';
import { leaveLine, lineUp, roomOfGroup } from './group-line.js';
import type { LaneClaims } from '../claiming/lane-claims.js';
import type { Lane, Lanes } from '../jobs/lanes.js';
import {
  limitsOf,
  roomOf,
  startsOf,
  storedStarts,
  type Bounds,
  type Room,
} from '../../../storage/queue-room.js';
import { LIMIT, type SqlRow, type Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

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
const FIRST_IN_LINE = `select grp, turn from jobs_line where lane = ? order by turn ${LIMIT}`;
const GROUP = `select starts, paused_at from jobs_group where id = ?`;
const FIRST_JOBS = `
  select seq, rank, place, run_at from jobs_job where grp = ? and state = 0 and lane = ?
  order by rank, place, run_at, seq limit 2`;
const LEAVE_LANE = `delete from jobs_line where grp = ? and lane = ?`;
const TAKE_TURN = `update jobs_group set turn = ?, starts = ? where id = ?`;
const TAKE_PLACE = `update jobs_line set turn = ? where grp = ?`;
const REMEMBER = `update jobs_queue set turn = ?, turns = ?, starts = ? where name = ?`;

/** A group, and the number of its turn. */
interface Turn {
  readonly group: number;
  readonly turn: number;
}

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
    const jobs =
      row.has_groups === 1
        ? this.#takeTurns(tx, claim, count)
        : this.#claims.take(tx, claim.lanes, count, request);
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
    if (firstInLine(sql, lanes, 1).length > 0) return now;
    return sql.first(NEXT_LOOK, queue)?.look_at as number | undefined;
  }

  /**
   * One job of the group whose turn is lowest, again and again. Who has had its turn stands behind all others: so the first in
   * line are served together, and the line is looked at anew once they have been.
   */
  #takeTurns(tx: Transaction, claim: Claim, count: number): LeasedJob[] {
    const jobs: LeasedJob[] = [];
    while (jobs.length < count) {
      const left = count - jobs.length;
      const round = this.#nextRound(tx, claim, left);
      if (round.length === 0) break;
      const isOwnAlone = round.length === 1 && round[0]?.group === OWN;
      const seqs = round.flatMap(({ group }) =>
        group === OWN
          ? this.#firstOwn(tx, claim, isOwnAlone ? left : 1)
          : this.#firstOfGroup(tx, claim, group),
      );
      jobs.push(...this.#claims.takeThese(tx, seqs, claim.request));
    }
    if (!hasReadyOwn(tx.sql, claim.queue)) claim.turn = 0;
    return jobs;
  }

  /** The groups whose turns are next, at most so many. */
  #nextRound(tx: Transaction, claim: Claim, count: number): readonly Turn[] {
    const round = firstInLine(tx.sql, claim.lanes, count);
    if (!this.#claims.hasReady(tx.sql, claim.lanes)) return round;
    // They come new, like a group, where there was none.
    if (claim.turn === 0) claim.turn = claim.turns += 1;
    return [...round, { group: OWN, turn: claim.turn }].toSorted(byTurn).slice(0, count);
  }

  /** Of the jobs without a group, which take turns as one. */
  #firstOwn(tx: Transaction, claim: Claim, count: number): readonly number[] {
    claim.turn = claim.turns += 1;
    return this.#claims.find(tx, claim.lanes, count);
  }

  /** One job; none where it turns out that none can start, and then the group has left the line. */
  #firstOfGroup(tx: Transaction, claim: Claim, group: number): readonly number[] {
    const { groupBounds, lanes } = claim;
    const row = tx.sql.first(GROUP, group);
    const room = row === undefined ? { count: 0 } : roomOfGroup(tx.sql, group, row, groupBounds, tx.now);
    if (row === undefined || room.count <= 0) {
      leaveLine(tx.sql, group, room.opensAt);
      return [];
    }
    const seq = firstOf(tx, group, lanes);
    if (seq === undefined) return [];
    claim.turns += 1;
    const starts = storedStarts(groupBounds, startsOf(row.starts), tx.now, 1);
    tx.sql.run(TAKE_TURN, claim.turns, starts, group);
    // Counted before it is claimed: there may be room for no other.
    const rest = roomAfterOne(groupBounds, room, starts, tx.now);
    if (rest.count <= 0) leaveLine(tx.sql, group, rest.opensAt);
    else tx.sql.run(TAKE_PLACE, claim.turns, group);
    return [seq];
  }
}

/** Stands for the jobs without a group among the groups. */
const OWN = 0;

function roomOfQueue(sql: Statements, queue: string, row: SqlRow, now: number): Room {
  const limits = limitsOf(row.limits);
  const running = limits.concurrency === undefined ? 0 : (sql.first(RUNNING, queue)?.jobs as number);
  return roomOf(limits, running, startsOf(row.starts), now);
}

/** The groups whose turns are next, of those with jobs in these lanes. */
function firstInLine(sql: Statements, lanes: readonly Lane[], count: number): readonly Turn[] {
  const turns = new Map<number, Turn>();
  for (const { id } of lanes) {
    for (const { grp, turn } of sql.all(FIRST_IN_LINE, id, count)) {
      turns.set(grp as number, { group: grp as number, turn: turn as number });
    }
  }
  return [...turns.values()].toSorted(byTurn).slice(0, count);
}

function byTurn(a: Turn, b: Turn): number {
  return a.turn - b.turn;
}

/** The first job of the group in these lanes, which is about to be claimed. A lane that has no other is left. */
function firstOf(tx: Transaction, group: number, lanes: readonly Lane[]): number | undefined {
  let first: SqlRow | undefined;
  let lastIn: number | undefined;
  for (const { id } of lanes) {
    const [row, next] = tx.sql.all(FIRST_JOBS, group, id);
    if (row === undefined) tx.sql.run(LEAVE_LANE, group, id);
    else if (first === undefined || isBefore(row, first)) {
      first = row;
      lastIn = next === undefined ? id : undefined;
    }
  }
  if (lastIn !== undefined) tx.sql.run(LEAVE_LANE, group, lastIn);
  return first?.seq as number | undefined;
}

/** What is left of the room once one job more has started. */
function roomAfterOne(bounds: Bounds, { count }: Room, starts: string | null, now: number): Room {
  if (count > 1) return { count: count - 1 };
  const { rate } = bounds;
  const { opensAt } = rate === undefined ? {} : roomOf({ rate }, 0, startsOf(starts), now);
  return opensAt === undefined ? { count: 0 } : { count: 0, opensAt };
}

function isBefore(a: SqlRow, b: SqlRow): boolean {
  for (const column of ['rank', 'place', 'run_at', 'seq']) {
    const difference = Number(a[column]) - Number(b[column]);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
