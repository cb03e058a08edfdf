import type { NewJob, Pushed } from '../../../storage/new-job.js';
import { tiesOf } from '../../../storage/flow-ties.js';
import type { GroupTable } from '../groups/group-table.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { positionOf, storedOrder } from '../jobs/position.js';
import { dueOf } from './pushed-row.js';
import { STATE } from '../schema/schema.js';
import type { Transaction } from '../connection/transaction.js';
import { storedUntil, type UniqueKeys } from '../jobs/unique-keys.js';

// An id that is there makes the insert change nothing: the index decides, whoever else inserts.
const CONTENT = `
  insert into jobs_content (id, unique_name, unique_while, ordering, payload, meta, group_name, flow)
  values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`;
const REMOVE_CONTENT = `delete from jobs_content where seq = ?`;
const JOB = `
  insert into jobs_job (seq, lane, policy, state, rank, place, priority, run_at, enqueued_at, unique_key, expires_at,
    grp, due_in, edges)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Stores new jobs that ask for something special, one by one. */
export class RichPushing {
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #keys: UniqueKeys;
  readonly #groups: GroupTable;

  constructor(lanes: Lanes, policies: Policies, keys: UniqueKeys, groups: GroupTable) {
    this.#lanes = lanes;
    this.#policies = policies;
    this.#keys = keys;
    this.#groups = groups;
  }

  /** `awaited`: the ids that jobs of the same push wait for. */
  push(tx: Transaction, job: NewJob, awaited: ReadonlySet<string>): Pushed {
    const { id, payload, meta = null, group = null, flow = null, unique } = job;
    const claim = unique === undefined ? [null, null] : [unique.key, storedUntil(unique)];
    const rest = [storedOrder(job.order), payload, meta, group, flow];
    const { rows, last: seq } = tx.sql.insert(CONTENT, id, ...claim, ...rest);
    if (rows === 0) return { id, duplicate: true };
    const holder = unique && this.#keys.holderOf(tx, unique.key);
    if (holder === undefined) {
      this.#insert(tx, job, seq, awaited);
      return { id, duplicate: false };
    }
    tx.sql.run(REMOVE_CONTENT, seq);
    const isReplaced = unique?.replace !== undefined && this.#keys.replace(tx, holder, job, unique.replace);
    return isReplaced ? { id: holder, duplicate: true, replaced: true } : { id: holder, duplicate: true };
  }

  #insert(tx: Transaction, job: NewJob, seq: number, awaited: ReadonlySet<string>): void {
    const { id, queue, name, policy, priority, unique, expiresIn } = job;
    const runAt = dueOf(tx, job);
    const order = storedOrder(job.order);
    const { rank, place } = positionOf(order, seq, priority, runAt);
    const key = unique === undefined ? null : this.#keys.hold(tx, id, unique);
    this.#lanes.makeKnown(tx, queue);
    const group = job.group === undefined ? null : this.#groups.obtain(tx, queue, job.group);
    const isBlocked = job.after !== undefined;
    const state = isBlocked ? STATE.blocked : runAt > tx.now ? STATE.scheduled : STATE.ready;
    if (state === STATE.ready) tx.noteGroup(group);
    tx.sql.run(
      JOB,
      seq,
      this.#lanes.obtain(tx, queue, name).id,
      this.#policies.obtain(tx, policy),
      state,
      rank,
      place,
      priority,
      runAt,
      tx.now,
      key,
      // Down, since it must never run later.
      expiresIn === undefined ? null : Math.floor(tx.now + expiresIn),
      group,
      isBlocked && 'in' in job.due ? job.due.in : null,
      tiesOf(job, awaited) ?? null,
    );
    // Also for a job that is due later: whoever sleeps until the next one it knew of must look again.
    tx.noteReady(queue);
  }
}
