import type { End } from '../../../core/dependency.js';
import { FAILURES_KEPT, type Failure, type Lease } from '../../../core/job.js';
import { decodePolicy } from '../../../core/policy.js';
import { honourCancel, settleStall, type Settlement } from '../../../core/settlement.js';
import type { Completion, Recorded, Rescued } from '../../../storage/claims.js';
import { isAwaited, isWaiter } from '../../../storage/flow-ties.js';
import type { CancelBlocked, Flows } from './flows.js';
import { FIND, FIND_BY_SEQ, FOUND_COLUMNS, positionValues, WITH_NOTE } from '../jobs/found-job.js';
import type { HeldJobs } from '../jobs/held-jobs.js';
import { writeNote, type Note } from '../jobs/notes.js';
import { failuresOf, listOf } from '../jobs/job-row.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { removeJobs } from '../operating/removing.js';
import { STATE } from '../schema/schema.js';
import { LIMIT, type SqlRow, type SqlValue, type Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

const LOST_TOKENS_KEPT = 10;

const STALLED = `
  select id, ${FOUND_COLUMNS}
  from (select seq from jobs_job where state = 3 and lease_until <= ? order by lease_until ${LIMIT}) stalled
  cross join jobs_job on jobs_job.seq = stalled.seq
  cross join jobs_content on jobs_content.seq = stalled.seq
  ${WITH_NOTE}`;
const HAS_STALLED = `select 1 from jobs_job where state = 3 and lease_until <= ? limit 1`;
// A claim forgets the time, so that who still has it was never claimed.
const EXPIRED = `
  select id, ${FOUND_COLUMNS}
  from (
    select seq from jobs_job where expires_at is not null and expires_at <= ? order by expires_at ${LIMIT}) expired
  cross join jobs_job on jobs_job.seq = expired.seq
  cross join jobs_content on jobs_content.seq = expired.seq
  ${WITH_NOTE}`;
const HAS_EXPIRED = `select 1 from jobs_job where expires_at is not null and expires_at <= ? limit 1`;
// By seq, within the transaction that read the row: nobody came between.
const END = `
  update jobs_job
  set state = ?, attempt = ?, stalls = ?, ended_at = ?, prune_at = ?, result = ?, lease_until = null,
    runner = null, unique_key = null, expires_at = null, grp = null
  where seq = ?`;
const WAIT = `
  update jobs_job
  set state = ?, attempt = ?, stalls = ?, run_at = ?, rank = ?, place = ?, lease_until = null, runner = null
  where seq = ?`;

type Ending = Extract<Settlement, { readonly keep: unknown }>;

/** What a lost lease leaves in the row. */
interface Stall {
  readonly stalledAt: SqlValue;
  readonly lostTokens: SqlValue;
}

/** Ends runs: by what their runner says of them, or because nothing was heard of them. */
export class Settling {
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

  complete(tx: Transaction, { lease, settlement }: Completion): Recorded {
    return this.#withRow(tx, lease, () => settlement);
  }

  release(tx: Transaction, lease: Lease): Recorded {
    return this.#withRow(tx, lease, (row) => ({
      state: 'ready',
      attempt: row.attempt as number,
      stalls: row.stalls as number,
    }));
  }

  /** Whether a rescue would find anything: sweeps that find nothing must not take the write lock. */
  hasOverdue(sql: Statements, now: number): boolean {
    return sql.first(HAS_STALLED, now) !== undefined || sql.first(HAS_EXPIRED, now) !== undefined;
  }

  rescue(tx: Transaction, limit: number, maxStalls: number): Rescued[] {
    const stalled = tx.sql.all(STALLED, tx.now, limit).map((row) => this.#rescue(tx, row, maxStalls));
    return [...stalled, ...tx.sql.all(EXPIRED, tx.now, limit).flatMap((row) => this.#expire(tx, row))];
  }

  /** Ends a waiting job at once. */
  cancelWaiting(tx: Transaction, row: SqlRow, reason: string): void {
    const waiting = { state: 'ready', attempt: row.attempt as number, stalls: row.stalls as number } as const;
    const job = { policy: this.#policies.textOf(tx.sql, row.policy), cancelReason: reason };
    this.settle(tx, row, honourCancel(waiting, job));
  }

  /** Ends a job that waits for what can never be. */
  readonly cancelBlocked: CancelBlocked = (tx, seq, reason) => {
    const row = tx.sql.first(FIND_BY_SEQ, seq);
    if (row?.state === STATE.blocked) this.cancelWaiting(tx, row, reason);
  };

  /** Settles what waits for jobs that have ended alike, or were taken away. */
  tellEnds(tx: Transaction, seqs: readonly number[], end: End, result: string | null = null): void {
    this.#flows.tellEnds(tx, seqs, end, result, this.cancelBlocked);
  }

  /** Writes what was decided of a job that waits or runs, as it is. */
  settle(tx: Transaction, row: SqlRow, settlement: Settlement, stall?: Stall): void {
    const { queue } = this.#lanes.byId(tx.sql, row.lane as number);
    const failure = 'failure' in settlement ? settlement.failure : undefined;
    if (failure !== undefined) tx.count(queue, 'failed');
    if (settlement.state === 'completed') tx.count(queue, 'completed');
    const note = noteOf(row, settlement, tx.now, stall);
    tx.noteGroup(row.grp as number | null);
    if ('keep' in settlement) {
      tx.noteEnd(queue);
      return this.#end(tx, row, settlement, note);
    }
    const runAt = 'delay' in settlement ? tx.now + settlement.delay : (row.run_at as number);
    const state = settlement.state === 'retrying' ? STATE.retrying : STATE.scheduled;
    tx.sql.run(
      WAIT,
      runAt <= tx.now ? STATE.ready : state,
      settlement.attempt,
      settlement.stalls,
      runAt,
      ...positionValues(row, runAt),
      row.seq as number,
    );
    writeNote(tx.sql, row, note);
    tx.noteReady(queue);
  }

  #end(tx: Transaction, row: SqlRow, settlement: Ending, note: Note): void {
    const { state, attempt, stalls, keep } = settlement;
    const result = state === 'completed' ? (settlement.result ?? null) : null;
    if (keep === false) removeJobs(tx, [row.seq as number]);
    else {
      const until = tx.now + keep;
      tx.sql.run(END, STATE[state], attempt, stalls, tx.now, until, result, row.seq as number);
      writeNote(tx.sql, row, note);
    }
    if (isAwaited(row.edges)) this.tellEnds(tx, [row.seq as number], state, result);
  }

  #withRow(tx: Transaction, lease: Lease, decide: (row: SqlRow) => Settlement): Recorded {
    this.#held.forget(lease.id);
    const row = tx.sql.first(FIND, lease.id);
    if (row?.state !== STATE.running || row.token !== lease.token) return answerAgain(row, lease.token);
    this.settle(tx, row, honourCancel(decide(row), this.#cancelOf(tx, row)));
    return 'recorded';
  }

  #rescue(tx: Transaction, row: SqlRow, maxStalls: number): Rescued {
    const { queue, name } = this.#lanes.byId(tx.sql, row.lane as number);
    const job = { attempt: row.attempt as number, stalls: row.stalls as number, ...this.#cancelOf(tx, row) };
    const settlement = settleStall(job, (row.stalled_at as number | null) ?? undefined, tx.now, maxStalls);
    const lostTokens = [...lostTokensOf(row), row.token as number].slice(-LOST_TOKENS_KEPT);
    this.settle(tx, row, settlement, { stalledAt: tx.now, lostTokens: JSON.stringify(lostTokens) });
    const { state, stalls } = settlement;
    const rescued = { id: row.id as string, name, queue, stalls, state: state as Rescued['state'] };
    return state === 'dead' ? { ...rescued, reason: 'stalled' } : rescued;
  }

  #expire(tx: Transaction, row: SqlRow): Rescued[] {
    // The end of one before it may have had it cancelled.
    if (isWaiter(row.edges) && !isExpiring(tx.sql.first(FIND_BY_SEQ, row.seq as number))) return [];
    const { queue, name } = this.#lanes.byId(tx.sql, row.lane as number);
    const keep = decodePolicy(this.#policies.textOf(tx.sql, row.policy)).keep.dead;
    const how = { state: 'dead', reason: 'expired', stalls: 0 } as const;
    this.settle(tx, row, { ...how, attempt: row.attempt as number, keep });
    return [{ id: row.id as string, name, queue, ...how }];
  }

  #cancelOf(tx: Transaction, row: SqlRow): { policy: string; cancelReason?: string } {
    const policy = this.#policies.textOf(tx.sql, row.policy);
    return row.cancel_reason === null ? { policy } : { policy, cancelReason: row.cancel_reason as string };
  }
}

/** A lease that holds no more was settled, and that stands, or it was lost. */
export function answerAgain(row: SqlRow | undefined, token: number): Recorded {
  if (row === undefined) return 'gone';
  const wasLeased = token >= 1 && token <= (row.token as number);
  const isHeldStill = row.state === STATE.running && row.token === token;
  return wasLeased && !isHeldStill && !lostTokensOf(row).includes(token) ? 'recorded' : 'lost';
}

function isExpiring(row: SqlRow | undefined): boolean {
  return row !== undefined && row.expires_at !== null;
}

function lostTokensOf({ lost_tokens: text }: SqlRow): readonly number[] {
  return listOf(text) as readonly number[];
}

function noteOf(row: SqlRow, settlement: Settlement, now: number, stall?: Stall): Note {
  const { state, attempt } = settlement;
  const isFailure = 'failure' in settlement && settlement.failure !== undefined;
  return {
    failures: isFailure ? addFailure(row, settlement.failure, attempt, now) : (row.failures as SqlValue),
    stalledAt: stall === undefined ? (row.stalled_at as SqlValue) : stall.stalledAt,
    lostTokens: stall === undefined ? (row.lost_tokens as SqlValue) : stall.lostTokens,
    reason: state === 'dead' ? settlement.reason : null,
    cancelReason: state === 'cancelled' ? settlement.cancelReason : (row.cancel_reason as SqlValue),
  };
}

function addFailure(row: SqlRow, failure: Failure, attempt: number, at: number): string {
  return JSON.stringify([...failuresOf(row), { ...failure, attempt, at }].slice(-FAILURES_KEPT));
}
