import {
  effectOf,
  standing,
  whyUnblockable,
  type End,
  type Need,
  type SettledDependency,
} from '../../core/dependency.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import { bySeqs, changeSeqs } from './by-seqs.js';
import type { Lanes } from './lanes.js';
import { positionOf } from './position.js';
import { STATE } from './schema.js';
import type { SqlRow, Statements } from './sqlite-client.js';
import type { Transaction } from './transaction.js';

/** What a job has to do with others, as bits of its column `edges`. */
const AWAITED = 1;
export const WAITS = 2;

// In the order of the list; what it waits for was stored before, in the same transaction.
const ADD = `
  insert into jobs_edge (waiter, position, id, needs, dependency)
  select ?, key, json_extract(value, '$.id'), json_extract(value, '$.needs'), coalesce(seq, 0)
  from json_each(?) left join jobs_content on jobs_content.id = json_extract(value, '$.stored')`;
const SEQ = `select seq from jobs_content where id = ?`;
const MARK_AWAITED = `
  update jobs_job set edges = coalesce(edges, 0) | 1
  where seq in (select dependency from jobs_edge where waiter = ?) and coalesce(edges, 0) & 1 = 0`;
const OF_WAITER = `select id, needs, ended, result from jobs_edge where waiter = ? order by position`;
// What was there before this push may have ended, and will not say so again.
const ENDED_BEFORE = `
  select dependency, state, jobs_job.result
  from jobs_edge left join jobs_job on jobs_job.seq = dependency
  where waiter = ? and ended is null and (state is null or state in (4, 5, 6))`;
const SETTLE = `update jobs_edge set ended = ?, result = ? where dependency = ? and ended is null`;
const BLOCKED = `
  select json_group_array(json_array(
    waiter, needs, id, exists (select 1 from jobs_edge other where other.waiter = edge.waiter and other.ended is null),
    lane, due_in, run_at, ordering, priority, grp)) as json
  from jobs_edge edge cross join jobs_job on jobs_job.seq = edge.waiter
  where edge.dependency = ? and state = 7`;
const FREE = bySeqs(`update jobs_job set state = ?, run_at = ?, rank = ?, place = ?, due_in = null`);
// What has gone on since is not held back again.
const REOPEN = `
  update jobs_edge set ended = null, result = null
  where dependency = ? and ended is not null
    and (select state from jobs_job where jobs_job.seq = jobs_edge.waiter) in (5, 6, 7)`;

type BlockedRow = readonly [
  seq: number,
  needs: Need,
  dependency: string,
  isOpen: 0 | 1,
  lane: number,
  dueIn: number | null,
  runAt: number,
  order: number | null,
  priority: number,
  group: number | null,
];

/** How a job ended that others may wait for. */
interface Ended {
  readonly seq: number;
  readonly end: End;
  readonly result: string | null;
}

/** Cancels a job that can never be free; its own end is then told here as well. */
export type CancelBlocked = (tx: Transaction, seq: number, reason: string) => void;

/** Jobs that wait for others: one row for each dependency, gone with the job that waits. */
export class Flows {
  readonly #lanes: Lanes;
  #ended: Ended[] = [];
  #isSettling = false;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Stores what new jobs of one push wait for. */
  add(tx: Transaction, jobs: readonly NewJob[], pushed: readonly Pushed[], cancel: CancelBlocked): void {
    if (jobs.every(({ after }) => after === undefined)) return;
    const answers = new Map(jobs.map(({ id }, index) => [id, pushed[index]]));
    for (const { id, after } of jobs) {
      if (after === undefined || answers.get(id)?.duplicate !== false) continue;
      // Where another job holds the unique key of one, that job is waited for.
      const edges = after.map((edge) => ({ ...edge, stored: answers.get(edge.id)?.id ?? edge.id }));
      const seq = tx.sql.first(SEQ, id)?.seq as number;
      tx.sql.run(ADD, seq, JSON.stringify(edges));
      tx.sql.run(MARK_AWAITED, seq);
      if (after.some((edge) => answers.get(edge.id)?.duplicate !== false)) this.#catchUp(tx, seq, cancel);
    }
  }

  /** To be told of every end of a job that is marked as awaited, in the transaction that ends it. */
  tellEnd(
    tx: Transaction,
    { seq, edges }: SqlRow,
    end: End,
    result: string | null,
    cancel: CancelBlocked,
  ): void {
    if (((edges as number | null) ?? 0) & AWAITED)
      this.#settleAll(tx, { seq: seq as number, end, result }, cancel);
  }

  /** What the job waited for, and what became of it. */
  after(sql: Statements, seq: number): SettledDependency[] {
    return sql.all(OF_WAITER, seq).map(({ id, needs, ended, result }) => ({
      id: id as string,
      needs: needs as Need,
      ...(ended === null ? {} : { ended: ended as End }),
      ...(result === null ? {} : { result: result as string }),
    }));
  }

  /** What a job that starts again becomes; `undefined` where what it needs has not. */
  standingOf(sql: Statements, { seq, edges }: SqlRow): 'blocked' | 'free' | undefined {
    if ((((edges as number | null) ?? 0) & WAITS) === 0) return 'free';
    const stands = standing(this.after(sql, seq as number));
    return typeof stands === 'string' ? stands : undefined;
  }

  /** The job starts again: who waited for it and did not run since may wait for it once more. */
  reopen(tx: Transaction, { seq, edges }: SqlRow): void {
    if (((edges as number | null) ?? 0) & AWAITED) tx.sql.run(REOPEN, seq as number);
  }

  /** A job that is cancelled ends itself: a list rather than a recursion, since a chain may be long. */
  #settleAll(tx: Transaction, first: Ended, cancel: CancelBlocked): void {
    this.#ended.push(first);
    if (this.#isSettling) return;
    this.#isSettling = true;
    try {
      for (let next = this.#ended.pop(); next !== undefined; next = this.#ended.pop()) {
        this.#settle(tx, next, cancel);
      }
    } finally {
      this.#isSettling = false;
      this.#ended = [];
    }
  }

  #settle(tx: Transaction, { seq, end, result }: Ended, cancel: CancelBlocked): void {
    if (tx.sql.run(SETTLE, end, result, seq) === 0) return;
    const free: BlockedRow[] = [];
    for (const row of tx.sql.json<BlockedRow>(BLOCKED, seq)) {
      const [waiter, needs, dependency, isOpen] = row;
      const effect = effectOf(needs, end);
      const isLast = isOpen === 0;
      if (effect === 'free' || (effect === 'met' && isLast)) free.push(row);
      else if (effect === 'cancel' || (effect === 'lapsed' && isLast)) {
        cancel(tx, waiter, whyUnblockable(effect, dependency, end));
      }
    }
    this.#free(tx, free);
  }

  #free(tx: Transaction, rows: readonly BlockedRow[]): void {
    const alike = new Map<string, { values: number[]; seqs: number[] }>();
    for (const [seq, , , , lane, dueIn, dueAt, order, priority, group] of rows) {
      const runAt = dueIn === null ? dueAt : Math.ceil(tx.now + dueIn);
      const { rank, place } = positionOf(order, seq, priority, runAt);
      const values = [runAt > tx.now ? STATE.scheduled : STATE.ready, runAt, rank, place];
      const key = values.join(' ');
      const same = alike.get(key) ?? { values, seqs: [] };
      alike.set(key, same);
      same.seqs.push(seq);
      tx.noteGroup(group);
      tx.noteReady(this.#lanes.byId(tx.sql, lane).queue);
    }
    for (const { values, seqs } of alike.values()) changeSeqs(tx.sql, FREE, seqs, values);
  }

  /** For a job that waits for some that were there before it. */
  #catchUp(tx: Transaction, seq: number, cancel: CancelBlocked): void {
    for (const row of tx.sql.all(ENDED_BEFORE, seq)) {
      // Of one that is gone nobody knows how it ended.
      const end =
        row.state === STATE.completed ? 'completed' : row.state === STATE.dead ? 'dead' : 'cancelled';
      this.#settleAll(
        tx,
        { seq: row.dependency as number, end, result: row.result as string | null },
        cancel,
      );
    }
  }
}
