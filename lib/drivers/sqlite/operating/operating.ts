import { hasEnded } from '../../../core/lifecycle.js';
import type {
  CancelResult,
  JobChange,
  QueueLimits,
  RemoveResult,
  RetryOptions,
} from '../../../storage/inspection.js';
import { isAwaited } from '../../../storage/flow-ties.js';
import type { Flows } from '../settling/flows.js';
import { FIND, FIND_WHOLE, positionValues } from '../jobs/found-job.js';
import type { GroupTable } from '../groups/group-table.js';
import { stateOf } from '../jobs/job-row.js';
import type { Lane, Lanes } from '../jobs/lanes.js';
import { recentEnds } from '../schema/recent-ends.js';
import { removeJobs } from './removing.js';
import { STATE } from '../schema/schema.js';
import { LIMIT, type SqlRow, type Statements } from '../connection/sqlite-client.js';
import type { Settling } from '../settling/settling.js';
import type { Transaction } from '../connection/transaction.js';
import type { UniqueKeys } from '../jobs/unique-keys.js';

const ASK = `
  insert into jobs_note (seq, cancel_reason) values (?, ?)
  on conflict (seq) do update set cancel_reason = coalesce(cancel_reason, excluded.cancel_reason)`;
// A job that lives again holds its unique key again, unless another has it by now.
const RETRY = `
  update jobs_job
  set lane = ?, grp = ?, state = ?, attempt = 0, stalls = 0, run_at = ?, due_in = ?, rank = ?, place = ?,
    ended_at = null, prune_at = null,
    unique_key = (
      select unique_name from jobs_content
      where jobs_content.seq = jobs_job.seq and unique_while = 2
        and not exists (select 1 from jobs_job other where other.unique_key = unique_name)
        and not exists (select 1 from jobs_hold where key = unique_name and until > ?))
  where seq = ?`;
const BEGIN_ANEW = `update jobs_note set stalled_at = null, reason = null, cancel_reason = null where seq = ?`;
const CHANGE = `
  update jobs_job set lane = ?, grp = ?, priority = ?, run_at = ?, due_in = ?, rank = ?, place = ?, state = ? where seq = ?`;
const OVER = `
  select json_group_array(seq) as json from (
    select seq from jobs_job where prune_at is not null and prune_at <= ? order by prune_at ${LIMIT})`;
const PRUNABLE = `select 1 from jobs_job where prune_at is not null and prune_at <= ? limit 1`;
const PAUSE = `
  insert into jobs_queue (name, since, paused_at, pause_reason) values (?, ?, ?, ?)
  on conflict (name) do update set paused_at = excluded.paused_at, pause_reason = excluded.pause_reason`;
const RESUME = `
  update jobs_queue set paused_at = null, pause_reason = null where name = ? and paused_at is not null`;

const SET_LIMITS = `
  insert into jobs_queue (name, since, limits) values (?, ?, ?)
  on conflict (name) do update set limits = excluded.limits`;
const LOOK_AGAIN = `update jobs_group set look_at = ? where queue = ?`;

/** What people do to single jobs and queues. */
export class Operating {
  readonly #lanes: Lanes;
  readonly #settling: Settling;
  readonly #keys: UniqueKeys;
  readonly #groups: GroupTable;
  readonly #flows: Flows;

  constructor(lanes: Lanes, settling: Settling, keys: UniqueKeys, groups: GroupTable, flows: Flows) {
    this.#lanes = lanes;
    this.#settling = settling;
    this.#keys = keys;
    this.#groups = groups;
    this.#flows = flows;
  }

  cancel(tx: Transaction, id: string, reason: string): CancelResult {
    const row = tx.sql.first(FIND, id);
    if (row === undefined) return 'unknown';
    if (hasEnded(stateOf(row))) return 'ended';
    if (row.state === STATE.running) {
      // The first reason stands: it may have been told to the run already.
      tx.sql.run(ASK, row.seq as number, reason);
      tx.notePulse('cancel');
      return 'requested';
    }
    this.#settling.cancelWaiting(tx, row, reason);
    return 'cancelled';
  }

  retry(tx: Transaction, id: string, { queue, delay = 0 }: RetryOptions = {}): boolean {
    const row = tx.sql.first(FIND_WHOLE, id);
    if (row === undefined || (row.state !== STATE.dead && row.state !== STATE.cancelled)) return false;
    const stands = this.#flows.standingOf(tx.sql, row);
    if (stands === undefined) return false;
    const lane = this.#laneIn(tx, row, queue);
    const group = this.#groupIn(tx, row, lane);
    const runAt = Math.ceil(tx.now + delay);
    const isBlocked = stands === 'blocked';
    const state = isBlocked ? STATE.blocked : runAt > tx.now ? STATE.scheduled : STATE.ready;
    const due = [runAt, isBlocked ? delay : null, ...positionValues(row, runAt)];
    tx.sql.run(RETRY, lane.id, group, state, ...due, tx.now, row.seq as number);
    if (row.note !== null) tx.sql.run(BEGIN_ANEW, row.note as number);
    this.#flows.reopen(tx, row);
    tx.noteReady(lane.queue);
    return true;
  }

  remove(tx: Transaction, id: string): RemoveResult {
    const row = tx.sql.first(FIND, id);
    if (row === undefined) return 'unknown';
    if (row.state === STATE.running) return 'running';
    removeJobs(tx, [row.seq as number]);
    tx.noteGroup(row.grp as number | null);
    if (isAwaited(row.edges) && !hasEnded(stateOf(row))) {
      this.#settling.tellEnds(tx, [row.seq as number], 'cancelled');
    }
    return 'removed';
  }

  change(tx: Transaction, id: string, { queue, priority, delay }: JobChange): boolean {
    const row = tx.sql.first(FIND_WHOLE, id);
    if (row === undefined || row.state === STATE.running || hasEnded(stateOf(row))) return false;
    const lane = this.#laneIn(tx, row, queue);
    const runAt = delay === undefined ? (row.run_at as number) : Math.ceil(tx.now + delay);
    const place = positionValues(row, runAt, priority);
    const waiting =
      row.state === STATE.retrying && Number(row.run_at) > tx.now ? STATE.retrying : STATE.scheduled;
    const isBlocked = row.state === STATE.blocked;
    const state = isBlocked ? STATE.blocked : runAt <= tx.now ? STATE.ready : waiting;
    // Of a blocked job the delay begins when it is free.
    const dueIn = isBlocked ? (delay ?? (row.due_in as number | null)) : null;
    const asked = priority ?? (row.priority as number);
    const group = this.#groupIn(tx, row, lane);
    tx.sql.run(CHANGE, lane.id, group, asked, runAt, dueIn, ...place, state, row.seq as number);
    tx.noteReady(lane.queue);
    return true;
  }

  /** Whether a prune would find anything, so that it need not take the write lock. */
  hasPrunable(sql: Statements, now: number): boolean {
    const hasRecords = sql.first(PRUNABLE, now) !== undefined;
    return hasRecords || this.#keys.hasOver(sql, now) || recentEnds.hasOver(sql, now);
  }

  prune(tx: Transaction, limit: number): number {
    this.#keys.letGoOver(tx, limit);
    recentEnds.removeOver(tx.sql, tx.now);
    const seqs = tx.sql.json<number>(OVER, tx.now, limit);
    return removeJobs(tx, seqs);
  }

  pause(tx: Transaction, queue: string, reason: string, group?: string): void {
    if (group === undefined) tx.sql.run(PAUSE, queue, tx.now, tx.now, reason);
    else this.#groups.pause(tx, queue, group, reason);
  }

  resume(tx: Transaction, queue: string, group?: string): void {
    if (group !== undefined) this.#groups.resume(tx, queue, group);
    else if (tx.sql.run(RESUME, queue) > 0) tx.noteReady(queue);
  }

  limit(tx: Transaction, queue: string, limits?: QueueLimits): void {
    tx.sql.run(SET_LIMITS, queue, tx.now, limits === undefined ? null : JSON.stringify(limits));
    // However many there are: the next claims look at them, some at a time.
    tx.sql.run(LOOK_AGAIN, tx.now, queue);
    tx.noteReady(queue);
  }

  /** The group of the job in the queue of this lane; also tells that it may have changed. */
  #groupIn(tx: Transaction, row: SqlRow, { queue }: Lane): number | null {
    tx.noteGroup(row.grp as number | null);
    if (row.group_name === null) return null;
    const group = this.#groups.obtain(tx, queue, row.group_name as string);
    tx.noteGroup(group);
    return group;
  }

  /** The lane of the job in this queue; without one, its own. */
  #laneIn(tx: Transaction, row: SqlRow, queue: string | undefined): Lane {
    const own = this.#lanes.byId(tx.sql, row.lane as number);
    if (queue === undefined || queue === own.queue) return own;
    this.#lanes.makeKnown(tx, queue);
    return this.#lanes.obtain(tx, queue, own.name);
  }
}
