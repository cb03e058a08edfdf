import type { LeasedJob } from '../../core/job.js';
import type { Popped, PopRequest } from '../../storage/claims.js';
import { bySeqs, changeSeqs } from './by-seqs.js';
import type { HeldJobs } from './held-jobs.js';
import { CLAIMED_JSON, claimedJobOf, type ClaimedRow } from './job-row.js';
import type { Lane, Lanes } from './lanes.js';
import type { Policies } from './policies.js';
import { LIMIT, type Statements } from './sqlite-client.js';
import type { Transaction } from './transaction.js';
import { UNTIL_CLAIMED } from './unique-keys.js';

/** SQLite merges at most 500 arms of a compound select. */
const MOST_LANES = 400;
const MOVED_AT_ONCE = 1000;
const MOVES = 10;

const NEXT_DUE = `select run_at from jobs_job where state in (1, 2) order by run_at limit 1`;
// Whoever promotes holds the write lock; a row is promoted once, and by anyone.
const PROMOTE = `
  update jobs_job set state = 0 where seq in (
    select seq from jobs_job where state in (1, 2) and run_at <= ? order by run_at ${LIMIT})`;
const PAUSED = `select 1 from jobs_queue where name = ? and paused_at is not null`;
// Safe under rivals, since the rows were found under the same write lock.
const CLAIM = bySeqs(`
  update jobs_job
  set state = 3, token = token + 1, lease_until = ?, runner = ?, started_at = ?, ended_at = null`);
const FREE_KEYS = bySeqs(`update jobs_job set unique_key = null`);
const FORGET_EXPIRY = bySeqs(`update jobs_job set expires_at = null`);
const NEXT_LAPSE = `
  select expires_at from jobs_job where state = 0 and expires_at is not null order by expires_at limit 1`;
// Out of the line, so that however many there are, no claim walks past them twice.
const SET_ASIDE = `
  update jobs_job set state = 8 where seq in (
    select seq from jobs_job
    where state = 0 and expires_at is not null and expires_at <= ? order by expires_at ${LIMIT})`;

/** Hands due jobs out. */
export class Claiming {
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #held: HeldJobs;

  constructor(lanes: Lanes, policies: Policies, held: HeldJobs) {
    this.#lanes = lanes;
    this.#policies = policies;
    this.#held = held;
  }

  /** What a pop would answer, if that is nothing: idle runners must not take the write lock from those who work. */
  peek(sql: Statements, request: PopRequest, now: number): Popped | undefined {
    this.#lanes.refresh(sql);
    const nextDue = sql.first(NEXT_DUE)?.run_at as number | undefined;
    if (nextDue !== undefined && nextDue <= now) return undefined;
    for (const { queue, limit } of request.queues) {
      if (limit > 0 && this.#hasReady(sql, queue, request) && !isPaused(sql, queue)) return undefined;
    }
    return nextDue === undefined ? { jobs: [] } : { jobs: [], nextIn: nextDue - now };
  }

  pop(tx: Transaction, request: PopRequest): Popped {
    this.#lanes.refresh(tx.sql);
    const nextDue = promote(tx);
    if (!setAsideLapsed(tx)) return { jobs: [], nextIn: 0 };
    const jobs: LeasedJob[] = [];
    let hasMore = false;
    for (const { queue, limit } of request.queues) {
      if (limit === 0 || isPaused(tx.sql, queue)) continue;
      const taken = this.#take(tx, queue, limit, request);
      jobs.push(...taken);
      hasMore ||= taken.length === limit && this.#hasReady(tx.sql, queue, request);
    }
    if (hasMore) return { jobs, nextIn: 0 };
    return nextDue === undefined ? { jobs } : { jobs, nextIn: Math.max(0, nextDue - tx.now) };
  }

  #take(tx: Transaction, queue: string, limit: number, request: PopRequest): LeasedJob[] {
    const lanes = this.#lanes.known(queue, request);
    const rows: ClaimedRow[] = [];
    for (let start = 0; start < lanes.length; start += MOST_LANES) {
      const some = lanes.slice(start, start + MOST_LANES).map(({ id }) => id);
      rows.push(...tx.sql.json<ClaimedRow>(firstReady(some.length), ...some, limit));
    }
    if (rows.length === 0) return [];
    // Each statement knows the order among its own lanes only.
    const first = lanes.length <= MOST_LANES ? rows : rows.toSorted(inOrder).slice(0, limit);
    const lease = [tx.now + request.lease, request.runner, tx.now];
    changeSeqs(tx.sql, CLAIM, seqsOf(first), lease);
    const freed = first.filter((row) => row[UNIQUE_WHILE] === UNTIL_CLAIMED);
    changeSeqs(tx.sql, FREE_KEYS, seqsOf(freed));
    const expiring = first.filter((row) => row[EXPIRES_AT] !== null);
    changeSeqs(tx.sql, FORGET_EXPIRY, seqsOf(expiring));
    return first.map((row) => this.#claimed(tx, row));
  }

  #claimed(tx: Transaction, row: ClaimedRow): LeasedJob {
    const [seq, lane, , policy] = row;
    const job = claimedJobOf(row, this.#lanes.byId(tx.sql, lane), this.#policies.textOf(tx.sql, policy));
    this.#held.remember(job.id, { seq, lane });
    return job;
  }

  #hasReady(sql: Statements, queue: string, request: PopRequest): boolean {
    const lanes = this.#lanes.known(queue, request);
    return lanes.some(({ id }: Lane) => sql.first(HAS_READY, id) !== undefined);
  }
}

const [RANK, PLACE, RUN_AT, UNIQUE_WHILE, EXPIRES_AT] = [4, 5, 10, 11, 12] as const;

const HAS_READY = `select 1 from jobs_job where state = 0 and lane = ? limit 1`;

const merges = new Map<number, string>();

/**
 * The first ready jobs of a number of lanes, as their claim will leave them. The arms come in the order of the
 * ready index, so that SQLite merges them and reads no more rows than it takes.
 */
function firstReady(lanes: number): string {
  let sql = merges.get(lanes);
  if (sql !== undefined) return sql;
  const arm = `select seq, rank, place, run_at from jobs_job where state = 0 and lane = ?`;
  sql = `
    select ${CLAIMED_JSON} as json
    from (
      select seq from (${Array.from({ length: lanes }, () => arm).join(' union all ')}
      order by rank, place, run_at, seq ${LIMIT})) first
    cross join jobs_job on jobs_job.seq = first.seq
    cross join jobs_content on jobs_content.seq = first.seq`;
  merges.set(lanes, sql);
  return sql;
}

/** Makes ready what is due by now. Returns when the next job is due. */
function promote({ sql, now }: Transaction): number | undefined {
  for (let round = 0; round < MOVES; round += 1) {
    const nextDue = sql.first(NEXT_DUE)?.run_at as number | undefined;
    if (nextDue === undefined || nextDue > now) return nextDue;
    sql.run(PROMOTE, now, MOVED_AT_ONCE);
  }
  return now;
}

/** Takes what is ready too late out of the line. False when there is more: then nothing may be claimed yet. */
function setAsideLapsed({ sql, now }: Transaction): boolean {
  for (let round = 0; round < MOVES; round += 1) {
    const next = sql.first(NEXT_LAPSE)?.expires_at as number | undefined;
    if (next === undefined || next > now) return true;
    sql.run(SET_ASIDE, now, MOVED_AT_ONCE);
  }
  return false;
}

function isPaused(sql: Statements, queue: string): boolean {
  return sql.first(PAUSED, queue) !== undefined;
}

function seqsOf(rows: readonly ClaimedRow[]): number[] {
  return rows.map(([seq]) => seq);
}

function inOrder(a: ClaimedRow, b: ClaimedRow): number {
  return a[RANK] - b[RANK] || a[PLACE] - b[PLACE] || a[RUN_AT] - b[RUN_AT] || a[0] - b[0];
}
