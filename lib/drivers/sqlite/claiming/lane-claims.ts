import type { LeasedJob } from '../../../core/job.js';
import type { PopRequest } from '../../../storage/claims.js';
import { isWaiter } from '../../../storage/flow-ties.js';
import { bySeqs, changeSeqs } from '../jobs/by-seqs.js';
import type { Flows } from '../settling/flows.js';
import type { HeldJobs } from '../jobs/held-jobs.js';
import { CLAIMED_JSON, claimedJobOf, type ClaimedRow } from '../jobs/job-row.js';
import type { Lane, Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { runnerTable } from '../runner-table.js';
import { LIMIT, type Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';
import { UNTIL_CLAIMED } from '../jobs/unique-keys.js';

/** SQLite merges at most 500 arms of a compound select. */
const MOST_LANES = 400;

const HAS_READY = `select 1 from jobs_job where state = 0 and grp is null and lane = ? limit 1`;
const BY_SEQS = `
  select ${CLAIMED_JSON} as json
  from (select value as seq from json_each(?)) wanted
  cross join jobs_job on jobs_job.seq = wanted.seq
  cross join jobs_content on jobs_content.seq = jobs_job.seq`;
// Safe under rivals, since the rows were found under the same write lock.
const CLAIM = bySeqs(`
  update jobs_job
  set state = 3, token = token + 1, lease_until = ?, runner = ?, started_at = ?, ended_at = null`);
const FREE_KEYS = bySeqs(`update jobs_job set unique_key = null`);
const FORGET_EXPIRY = bySeqs(`update jobs_job set expires_at = null`);

const [RANK, PLACE, RUN_AT, UNIQUE_WHILE, EXPIRES_AT, GROUP, EDGES] = [4, 5, 10, 11, 12, 13, 14] as const;

/** Finds ready jobs without a group, and claims jobs that were found. */
export class LaneClaims {
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #held: HeldJobs;
  readonly #flows: Flows;

  constructor(lanes: Lanes, policies: Policies, held: HeldJobs, flows: Flows) {
    this.#lanes = lanes;
    this.#policies = policies;
    this.#held = held;
    this.#flows = flows;
  }

  hasReady(sql: Statements, lanes: readonly Lane[]): boolean {
    return lanes.some(({ id }) => sql.first(HAS_READY, id) !== undefined);
  }

  /** Claims the first of them. */
  take(tx: Transaction, lanes: readonly Lane[], limit: number, request: PopRequest): LeasedJob[] {
    return this.#claim(tx, this.#first(tx, lanes, limit), request);
  }

  #first(tx: Transaction, lanes: readonly Lane[], limit: number): readonly ClaimedRow[] {
    const rows: ClaimedRow[] = [];
    for (let start = 0; start < lanes.length; start += MOST_LANES) {
      const some = lanes.slice(start, start + MOST_LANES).map(({ id }) => id);
      rows.push(...tx.sql.json<ClaimedRow>(firstReady(some.length), ...some, limit));
    }
    // Each statement knows the order among its own lanes only.
    return lanes.length <= MOST_LANES ? rows : rows.toSorted(inOrder).slice(0, limit);
  }

  /** The seqs of the first of them. */
  find(tx: Transaction, lanes: readonly Lane[], limit: number): readonly number[] {
    return this.#first(tx, lanes, limit).map(([seq]) => seq);
  }

  /** Claims jobs that were found ready in the same transaction, in this order. */
  takeThese(tx: Transaction, seqs: readonly number[], request: PopRequest): LeasedJob[] {
    if (seqs.length === 0) return [];
    const rows = new Map(tx.sql.json<ClaimedRow>(BY_SEQS, JSON.stringify(seqs)).map((row) => [row[0], row]));
    const inTurn = seqs.map((seq) => rows.get(seq)).filter((row) => row !== undefined);
    return this.#claim(tx, inTurn, request);
  }

  #claim(tx: Transaction, rows: readonly ClaimedRow[], request: PopRequest): LeasedJob[] {
    if (rows.length === 0) return [];
    const lease = [tx.now + request.lease, runnerTable.numberOf(tx, request.runner), tx.now];
    changeSeqs(tx.sql, CLAIM, seqsOf(rows), lease);
    const freed = rows.filter((row) => row[UNIQUE_WHILE] === UNTIL_CLAIMED);
    changeSeqs(tx.sql, FREE_KEYS, seqsOf(freed));
    const expiring = rows.filter((row) => row[EXPIRES_AT] !== null);
    changeSeqs(tx.sql, FORGET_EXPIRY, seqsOf(expiring));
    return rows.map((row) => this.#claimed(tx, row));
  }

  #claimed(tx: Transaction, row: ClaimedRow): LeasedJob {
    const [seq, lane, , policy] = row;
    const job = claimedJobOf(row, this.#lanes.byId(tx.sql, lane), this.#policies.textOf(tx.sql, policy));
    const edges = row[EDGES];
    this.#held.remember(job.id, { seq, lane, grp: row[GROUP], edges });
    return isWaiter(edges) ? { ...job, after: this.#flows.after(tx.sql, seq) } : job;
  }
}

const merges = new Map<number, string>();

/**
 * The first ready jobs of a number of lanes, as their claim will leave them. The arms come in the order of the
 * ready index, so that SQLite merges them and reads no more rows than it takes.
 */
function firstReady(lanes: number): string {
  let sql = merges.get(lanes);
  if (sql !== undefined) return sql;
  const arm = `
    select seq, rank, place, run_at from jobs_job where state = 0 and grp is null and lane = ?`;
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

function seqsOf(rows: readonly ClaimedRow[]): number[] {
  return rows.map(([seq]) => seq);
}

function inOrder(a: ClaimedRow, b: ClaimedRow): number {
  return a[RANK] - b[RANK] || a[PLACE] - b[PLACE] || a[RUN_AT] - b[RUN_AT] || a[0] - b[0];
}
