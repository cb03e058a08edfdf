import { FAILURES_KEPT, type Failure, type Lease } from '../../core/job.js';
import { honourCancel, settleStall, type Settlement } from '../../core/settlement.js';
import type { Completion, Recorded, Rescued } from '../../storage/claims.js';
import { failuresOf, listOf } from './job-row.js';
import type { Lanes } from './lanes.js';
import { STATE } from './schema.js';
import type { SqlRow, SqlValue, Statements } from './sqlite-client.js';
import type { Transaction } from './transaction.js';

const LOST_TOKENS_KEPT = 10;

// The token and the state are the whole guard: a job that moved on has another token, or does not run.
const HELD = `id = ? and token = ? and state = 3`;
const COMPLETE = `
  update jobs_job
  set state = 4, attempt = ?, stalls = 0, ended_at = ?, prune_at = ?, result = ?, lease_until = null,
    runner = null, unique_key = null
  where ${HELD} returning lane`;
const COMPLETE_AWAY = `delete from jobs_job where ${HELD} returning lane`;
const HELD_OF = `
  select json_group_array(json_object('id', jobs_job.id, 'seq', seq, 'lane', lane, 'token', token)) as json
  from json_each(?) asked cross join jobs_job on jobs_job.id = asked.value
  where state = 3`;
// By seq, of rows whose token was compared under the same write lock.
const COMPLETE_ALL = `
  update jobs_job
  set state = 4, attempt = ?, stalls = 0, ended_at = ?, prune_at = ?, result = null, lease_until = null,
    runner = null, unique_key = null
  where seq in (select value from json_each(?))`;
const REMOVE_ALL = `delete from jobs_job where seq in (select value from json_each(?))`;
const COLUMNS = `seq, lane, state, token, attempt, stalls, stalled_at, run_at, priority, policy, cancel_reason,
  failures, lost_tokens`;
/** A job as it must be read to be settled, under the write lock that it is then changed under. */
export const FIND = `select ${COLUMNS} from jobs_job where id = ?`;
const EXPIRED = `
  select id, ${COLUMNS} from jobs_job where state = 3 and lease_until <= ? order by lease_until limit ?`;
// By seq, within the transaction that read the row: nobody came between.
export const REMOVE = `delete from jobs_job where seq = ?`;
const END = `
  update jobs_job
  set state = ?, attempt = ?, stalls = ?, ended_at = ?, prune_at = ?, reason = ?, cancel_reason = ?, failures = ?,
    result = ?, stalled_at = ?, lost_tokens = ?, lease_until = null, runner = null, unique_key = null
  where seq = ?`;
const WAIT = `
  update jobs_job
  set state = ?, attempt = ?, stalls = ?, run_at = ?, failures = ?, stalled_at = ?, lost_tokens = ?,
    lease_until = null, runner = null
  where seq = ?`;

type Completed = Settlement & { readonly state: 'completed' };

/** What a lost lease leaves in the row. */
interface Stall {
  readonly stalledAt: SqlValue;
  readonly lostTokens: SqlValue;
}

/** Ends runs: by what their runner says of them, or because nothing was heard of them. */
export class Settling {
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Most runs end alike: those share a statement. */
  completeAll(tx: Transaction, completions: readonly Completion[]): Recorded[] {
    if (completions.length === 1) return completions.map((completion) => this.complete(tx, completion));
    const held = this.#heldBy(tx, completions);
    const alike = new Map<string, { readonly settlement: Completed; readonly seqs: number[] }>();
    const shared = completions.map(({ lease, settlement }) => {
      if (settlement.state !== 'completed' || settlement.result !== undefined) return false;
      const row = held.get(lease.id);
      if (row?.token !== lease.token) return false;
      // Should the same completion come twice in one call, the second finds the first recorded.
      held.delete(lease.id);
      const { attempt, keep } = settlement;
      const key = `${attempt} ${keep}`;
      let group = alike.get(key);
      if (group === undefined) alike.set(key, (group = { settlement, seqs: [] }));
      group.seqs.push(row.seq as number);
      tx.count(this.#lanes.byId(tx.sql, row.lane as number).queue, 'completed');
      return true;
    });
    for (const { settlement, seqs } of alike.values()) completeAlike(tx, settlement, seqs);
    return completions.map((completion, index) =>
      shared[index] ? 'recorded' : this.complete(tx, completion),
    );
  }

  complete(tx: Transaction, { lease, settlement }: Completion): Recorded {
    if (settlement.state === 'completed') return this.#completeFast(tx, lease, settlement);
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
  hasExpired(sql: Statements, now: number): boolean {
    return sql.first(EXPIRED, now, 1) !== undefined;
  }

  rescue(tx: Transaction, limit: number, maxStalls: number): Rescued[] {
    return tx.sql.all(EXPIRED, tx.now, limit).map((row) => this.#rescue(tx, row, maxStalls));
  }

  /** Writes what was decided of a job that waits or runs, as it is. */
  settle(tx: Transaction, row: SqlRow, settlement: Settlement, stall?: Stall): void {
    const { queue } = this.#lanes.byId(tx.sql, row.lane as number);
    const failure = 'failure' in settlement ? settlement.failure : undefined;
    if (failure !== undefined) tx.count(queue, 'failed');
    if (settlement.state === 'completed') tx.count(queue, 'completed');
    const failures =
      failure === undefined
        ? (row.failures as SqlValue)
        : addFailure(row, failure, settlement.attempt, tx.now);
    const { stalledAt, lostTokens } = stall ?? {
      stalledAt: row.stalled_at as SqlValue,
      lostTokens: row.lost_tokens as SqlValue,
    };
    if ('keep' in settlement) return end(tx, row, settlement, failures, stalledAt, lostTokens);
    const runAt = 'delay' in settlement ? tx.now + settlement.delay : (row.run_at as number);
    const state = settlement.state === 'retrying' ? STATE.retrying : STATE.scheduled;
    tx.sql.run(
      WAIT,
      runAt <= tx.now ? STATE.ready : state,
      settlement.attempt,
      settlement.stalls,
      runAt,
      failures,
      stalledAt,
      lostTokens,
      row.seq as number,
    );
    tx.noteReady(queue);
  }

  #heldBy(tx: Transaction, completions: readonly Completion[]): Map<string, SqlRow> {
    const ids = completions.map(({ lease }) => lease.id);
    const rows = tx.sql.json(HELD_OF, JSON.stringify(ids));
    return new Map(rows.map((row) => [row.id as string, row]));
  }

  #completeFast(tx: Transaction, lease: Lease, settlement: Completed): Recorded {
    const { keep, attempt, result = null } = settlement;
    const row =
      keep === false
        ? tx.sql.first(COMPLETE_AWAY, lease.id, lease.token)
        : tx.sql.first(COMPLETE, attempt, tx.now, tx.now + keep, result, lease.id, lease.token);
    if (row === undefined) return answerAgain(tx.sql.first(FIND, lease.id), lease.token);
    tx.count(this.#lanes.byId(tx.sql, row.lane as number).queue, 'completed');
    return 'recorded';
  }

  #withRow(tx: Transaction, lease: Lease, decide: (row: SqlRow) => Settlement): Recorded {
    const row = tx.sql.first(FIND, lease.id);
    if (row?.state !== STATE.running || row.token !== lease.token) return answerAgain(row, lease.token);
    this.settle(tx, row, honourCancel(decide(row), cancelOf(row)));
    return 'recorded';
  }

  #rescue(tx: Transaction, row: SqlRow, maxStalls: number): Rescued {
    const { queue, name } = this.#lanes.byId(tx.sql, row.lane as number);
    const job = { attempt: row.attempt as number, stalls: row.stalls as number, ...cancelOf(row) };
    const settlement = settleStall(job, (row.stalled_at as number | null) ?? undefined, tx.now, maxStalls);
    const lostTokens = [...lostTokensOf(row), row.token as number].slice(-LOST_TOKENS_KEPT);
    this.settle(tx, row, settlement, { stalledAt: tx.now, lostTokens: JSON.stringify(lostTokens) });
    return {
      id: row.id as string,
      name,
      queue,
      stalls: settlement.stalls,
      state: settlement.state as Rescued['state'],
    };
  }
}

function completeAlike(tx: Transaction, { attempt, keep }: Completed, seqs: readonly number[]): void {
  const list = JSON.stringify(seqs);
  if (keep === false) tx.sql.run(REMOVE_ALL, list);
  else tx.sql.run(COMPLETE_ALL, attempt, tx.now, tx.now + keep, list);
}

function end(
  tx: Transaction,
  row: SqlRow,
  settlement: Settlement & { readonly keep: number | false },
  failures: SqlValue,
  stalledAt: SqlValue,
  lostTokens: SqlValue,
): void {
  const { state, attempt, stalls, keep } = settlement;
  if (keep === false) return void tx.sql.run(REMOVE, row.seq as number);
  tx.sql.run(
    END,
    STATE[state],
    attempt,
    stalls,
    tx.now,
    tx.now + keep,
    state === 'dead' ? settlement.reason : null,
    state === 'cancelled' ? settlement.cancelReason : (row.cancel_reason as SqlValue),
    failures,
    state === 'completed' ? (settlement.result ?? null) : null,
    stalledAt,
    lostTokens,
    row.seq as number,
  );
}

/** A lease that holds no more was settled, and that stands, or it was lost. */
function answerAgain(row: SqlRow | undefined, token: number): Recorded {
  if (row === undefined) return 'gone';
  const wasLeased = token >= 1 && token <= (row.token as number);
  const isHeldStill = row.state === STATE.running && row.token === token;
  return wasLeased && !isHeldStill && !lostTokensOf(row).includes(token) ? 'recorded' : 'lost';
}

function lostTokensOf({ lost_tokens: text }: SqlRow): readonly number[] {
  return listOf(text) as readonly number[];
}

function cancelOf(row: SqlRow): { policy: string; cancelReason?: string } {
  const policy = row.policy as string;
  return row.cancel_reason === null ? { policy } : { policy, cancelReason: row.cancel_reason as string };
}

function addFailure(row: SqlRow, failure: Failure, attempt: number, at: number): string {
  return JSON.stringify([...failuresOf(row), { ...failure, attempt, at }].slice(-FAILURES_KEPT));
}
