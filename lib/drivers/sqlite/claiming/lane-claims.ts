import type { LeasedJob } from '../../../core/job.js';
import type { PopRequest } from '../../../storage/claims.js';
import { isWaiter } from '../../../storage/flow-ties.js';
import { bySeqs, changeSeqs } from '../jobs/by-seqs.js';
import type { Flows } from '../settling/flows.js';
import type { HeldJobs } from '../jobs/held-jobs.js';
import { CLAIMED_JSON, claimedJobOf, type ClaimedExtras, type ClaimedRow } from '../jobs/job-row.js';
import type { Lane, Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { runnerTable } from '../runner-table.js';
import { LIMIT, type SqlRow, type Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';
import { UNTIL_CLAIMED } from '../jobs/unique-keys.js';

/** SQLite merges at most 500 arms of a compound select. */
const MOST_LANES = 400;

const HAS_READY = `select 1 from jobs_job where state = 0 and grp is null and lane = ? limit 1`;
const BY_SEQS = `
  select ${CLAIMED_JSON}
  from (select value as seq from json_each(?)) wanted
  cross join jobs_job on jobs_job.seq = wanted.seq
  cross join jobs_content on jobs_content.seq = jobs_job.seq`;
// Safe under rivals, since the rows were found under the same write lock. `or fail`, since whoever meets an error takes the whole
// transaction back: SQLite then keeps no copies of pages to take back this statement alone.
const CLAIM = bySeqs(`
  update or fail jobs_job
  set state = 3, token = token + 1, lease_until = ?, runner = ?, started_at = ?, ended_at = null`);
const FREE_KEYS = bySeqs(`update jobs_job set unique_key = null`);
const FORGET_EXPIRY = bySeqs(`update jobs_job set expires_at = null`);

/** Jobs that were found, before their claim. */
interface Found {
  readonly rows: readonly ClaimedRow[];
  readonly extras: readonly ClaimedExtras[];
}

/** Where a ready job stands among those of all lanes. */
type Standing = readonly [seq: number, rank: number, place: number, runAt: number];

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

  #first(tx: Transaction, lanes: readonly Lane[], limit: number): Found {
    if (lanes.length === 0) return NOTHING;
    if (lanes.length > MOST_LANES) return foundBySeqs(tx.sql, this.find(tx, lanes, limit));
    return foundIn(tx.sql.first(claimable(lanes.length), ...lanes.map(({ id }) => id), limit));
  }

  /** The seqs of the first of them. */
  find(tx: Transaction, lanes: readonly Lane[], limit: number): readonly number[] {
    const standings: Standing[] = [];
    for (let start = 0; start < lanes.length; start += MOST_LANES) {
      const some = lanes.slice(start, start + MOST_LANES).map(({ id }) => id);
      standings.push(...tx.sql.json<Standing>(standing(some.length), ...some, limit));
    }
    // Each statement knows the order among its own lanes only.
    if (lanes.length > MOST_LANES) standings.sort(inOrder);
    return standings.slice(0, limit).map(([seq]) => seq);
  }

  /** Claims jobs that were found ready in the same transaction, in this order. */
  takeThese(tx: Transaction, seqs: readonly number[], request: PopRequest): LeasedJob[] {
    if (seqs.length === 0) return [];
    return this.#claim(tx, foundBySeqs(tx.sql, seqs), request);
  }

  #claim(tx: Transaction, { rows, extras }: Found, request: PopRequest): LeasedJob[] {
    if (rows.length === 0) return [];
    const lease = [tx.now + request.lease, runnerTable.numberOf(tx, request.runner), tx.now];
    changeSeqs(tx.sql, CLAIM, seqsOf(rows), lease);
    const freed = extras.filter(([, uniqueWhile]) => uniqueWhile === UNTIL_CLAIMED);
    changeSeqs(tx.sql, FREE_KEYS, seqsOf(freed));
    const expiring = extras.filter(([, , expiresAt]) => expiresAt !== null);
    changeSeqs(tx.sql, FORGET_EXPIRY, seqsOf(expiring));
    const bySeq = new Map(extras.map((each) => [each[0], each]));
    return rows.map((row) => this.#claimed(tx, row, bySeq.get(row[0])));
  }

  #claimed(tx: Transaction, row: ClaimedRow, extras: ClaimedExtras | undefined): LeasedJob {
    const [seq, lane, , policy] = row;
    const known = this.#lanes.byId(tx.sql, lane);
    const job = claimedJobOf(row, known, this.#policies.textOf(tx.sql, policy), extras);
    const [, , , grp, edges] = extras ?? NONE;
    this.#held.remember(job.id, { seq, lane, grp, edges });
    return isWaiter(edges) ? { ...job, after: this.#flows.after(tx.sql, seq) } : job;
  }
}

const NOTHING: Found = { rows: [], extras: [] };
const NONE: ClaimedExtras = [0, null, null, null, null, null, null, null];

function foundIn(row: SqlRow | undefined): Found {
  return {
    rows: JSON.parse((row?.jobs ?? '[]') as string) as ClaimedRow[],
    extras: JSON.parse((row?.extras ?? '[]') as string) as ClaimedExtras[],
  };
}

/** In the order of the seqs. */
function foundBySeqs(sql: Statements, seqs: readonly number[]): Found {
  const { rows, extras } = foundIn(sql.first(BY_SEQS, JSON.stringify(seqs)));
  const bySeq = new Map(rows.map((row) => [row[0], row]));
  return { rows: seqs.map((seq) => bySeq.get(seq)).filter((row) => row !== undefined), extras };
}

/** Statements for so many lanes. */
function forLanes(make: (lanes: number) => string): (lanes: number) => string {
  const made = new Map<number, string>();
  return (lanes) => {
    let sql = made.get(lanes);
    if (sql === undefined) made.set(lanes, (sql = make(lanes)));
    return sql;
  };
}

/**
 * The first ready jobs of a number of lanes. The arms come in the order of the ready index, so that SQLite merges them
 * and reads no more rows than it takes.
 */
function firstReady(lanes: number): string {
  const arm = `
    select seq, rank, place, run_at from jobs_job where state = 0 and grp is null and lane = ?`;
  const arms = Array.from({ length: lanes }, () => arm).join(' union all ');
  return `select seq, rank, place, run_at from (${arms}) order by rank, place, run_at, seq ${LIMIT}`;
}

const claimable = forLanes(
  (lanes) => `
    select ${CLAIMED_JSON}
    from (${firstReady(lanes)}) first
    cross join jobs_job on jobs_job.seq = first.seq
    cross join jobs_content on jobs_content.seq = first.seq`,
);

const standing = forLanes(
  (lanes) => `
    select json_group_array(json_array(seq, rank, place, run_at)) as json
    from (${firstReady(lanes)})`,
);

function seqsOf(rows: readonly (readonly [seq: number, ...others: unknown[]])[]): number[] {
  return rows.map(([seq]) => seq);
}

function inOrder([a, ...ofA]: Standing, [b, ...ofB]: Standing): number {
  return ofA[0] - ofB[0] || ofA[1] - ofB[1] || ofA[2] - ofB[2] || a - b;
}
