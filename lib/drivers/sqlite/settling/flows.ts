import {
  effectOf,
  standing,
  whyUnblockable,
  type End,
  type Need,
  type SettledDependency,
} from '../../../core/dependency.js';
import { isAwaited, isWaiter } from '../../../storage/flow-ties.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';
import { bySeqs, changeSeqs } from '../jobs/by-seqs.js';
import type { Lanes } from '../jobs/lanes.js';
import { positionOf } from '../jobs/position.js';
import { STATE } from '../schema/schema.js';
import type { SqlRow, Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

// Of all jobs of one push, once they are stored.
const ADD = `
  insert into jobs_edge (waiter, position, id, needs, dependency)
  select waiter.seq, json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'),
    coalesce(dependency.seq, 0)
  from json_each(?)
  cross join jobs_content waiter on waiter.id = json_extract(value, '$[0]')
  left join jobs_content dependency on dependency.id = json_extract(value, '$[2]')`;
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
const SETTLE = `
  update jobs_edge set ended = ?, result = ?
  where dependency in (select value from json_each(?)) and ended is null`;
const BLOCKED = `
  select json_group_array(json_array(
    waiter, needs, edge.id, exists (select 1 from jobs_edge other where other.waiter = edge.waiter and other.ended is null),
    lane, due_in, run_at, ordering, priority, grp)) as json
  from jobs_edge edge cross join jobs_job on jobs_job.seq = edge.waiter
  cross join jobs_content on jobs_content.seq = edge.waiter
  where edge.dependency in (select value from json_each(?)) and state = 7`;
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

/** How jobs ended that others wait for. */
interface Ended {
  readonly seqs: readonly number[];
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

  /** Stores what new jobs of one push wait for. They were stored with `tiesOf` what they are. */
  add(tx: Transaction, jobs: readonly NewJob[], pushed: readonly Pushed[], cancel: CancelBlocked): void {
    if (!jobs.some(({ after }) => after !== undefined)) return;
    const answers = new Map(jobs.map(({ id }, index) => [id, pushed[index]]));
    const isNew = (id: string) => answers.get(id)?.duplicate === false;
    const waiters = jobs.filter(({ id, after }) => after !== undefined && isNew(id));
    const edges = waiters.flatMap(({ id, after = [] }) =>
      after.map((edge, position) => [id, position, edge.id, edge.needs]),
    );
    tx.sql.run(ADD, JSON.stringify(edges));
    for (const { id, after = [] } of waiters) {
      if (after.every((edge) => isNew(edge.id))) continue;
      const row = tx.sql.first(SEQ, id);
      // What one before it was told may have had it cancelled as well, and nothing of it kept.
      if (row !== undefined) this.#catchUp(tx, row.seq as number, cancel);
    }
  }

  /** To be told of every end of jobs that are marked as awaited, in the transaction that ends them. */
  tellEnds(
    tx: Transaction,
    seqs: readonly number[],
    end: End,
    result: string | null,
    cancel: CancelBlocked,
  ): void {
    if (seqs.length > 0) this.#settleAll(tx, { seqs, end, result }, cancel);
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
    if (!isWaiter(edges)) return 'free';
    const stands = standing(this.after(sql, seq as number));
    return typeof stands === 'string' ? stands : undefined;
  }

  /** The job starts again: who waited for it and did not run since may wait for it once more. */
  reopen(tx: Transaction, { seq, edges }: SqlRow): void {
    if (isAwaited(edges)) tx.sql.run(REOPEN, seq as number);
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

  #settle(tx: Transaction, { seqs, end, result }: Ended, cancel: CancelBlocked): void {
    const ended = JSON.stringify(seqs);
    if (tx.sql.run(SETTLE, end, result, ended) === 0) return;
    const free = new Map<number, BlockedRow>();
    const doomed = new Map<number, string>();
    for (const row of tx.sql.json<BlockedRow>(BLOCKED, ended)) {
      const [waiter, needs, dependency, isOpen] = row;
      const effect = effectOf(needs, end);
      const isLast = isOpen === 0;
      if (effect === 'free' || (effect === 'met' && isLast)) free.set(waiter, row);
      else if (effect === 'cancel' || (effect === 'lapsed' && isLast)) {
        if (!doomed.has(waiter)) doomed.set(waiter, whyUnblockable(effect, dependency, end));
      }
    }
    for (const [waiter, reason] of doomed) {
      free.delete(waiter);
      cancel(tx, waiter, reason);
    }
    this.#free(tx, [...free.values()]);
  }

  #free(tx: Transaction, rows: readonly BlockedRow[]): void {
    const alike = new Map<string, { values: number[]; seqs: number[] }>();
    for (const [seq, , , , lane, dueIn, dueAt, order, priority, group] of rows) {
      const runAt = dueIn === null ? Math.max(tx.now, dueAt) : Math.ceil(tx.now + dueIn);
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
  #catchUp(tx: Transaction, waiter: number, cancel: CancelBlocked): void {
    tx.sql.run(MARK_AWAITED, waiter);
    for (const row of tx.sql.all(ENDED_BEFORE, waiter)) {
      // Of one that is gone nobody knows how it ended.
      const end =
        row.state === STATE.completed ? 'completed' : row.state === STATE.dead ? 'dead' : 'cancelled';
      const result = row.result as string | null;
      this.#settleAll(tx, { seqs: [row.dependency as number], end, result }, cancel);
    }
  }
}
