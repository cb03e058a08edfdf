import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Lanes } from './lanes.js';
import { STATE } from './schema.js';
import type { Transaction } from './transaction.js';

// An id or unique key that is there makes the insert change nothing: the indexes decide, whoever else inserts.
const INSERT = `
  insert into jobs_job
    (id, lane, state, priority, run_at, enqueued_at, policy, payload, meta, unique_key, unique_while, unique_name)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do nothing`;
const BY_ID = `select id from jobs_job where id = ?`;
const BY_UNIQUE_KEY = `select id from jobs_job where unique_key = ?`;

/** How long a unique key is held, as it is stored. */
export const UNTIL_CLAIMED = 1;
export const UNTIL_ENDED = 2;

/** Stores new jobs. */
export class Pushing {
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  push(tx: Transaction, job: NewJob): Pushed {
    const { id, due, unique } = job;
    const lane = this.#lanes.obtain(tx, job.queue, job.name);
    // Up, since a job must never run early.
    const runAt = Math.ceil(Math.max(tx.now, 'at' in due ? due.at : tx.now + due.in));
    const key = unique?.key ?? null;
    const until = unique === undefined ? null : unique.while === 'waiting' ? UNTIL_CLAIMED : UNTIL_ENDED;
    const inserted = tx.sql.run(
      INSERT,
      id,
      lane.id,
      runAt > tx.now ? STATE.scheduled : STATE.ready,
      job.priority,
      runAt,
      tx.now,
      job.policy,
      job.payload,
      job.meta ?? null,
      key,
      until,
      key,
    );
    if (inserted === 0) return { id: this.#present(tx, id, key), duplicate: true };
    this.#lanes.makeKnown(tx, job.queue);
    // Also for a job that is due later: whoever sleeps until the next one it knew of must look again.
    tx.noteReady(job.queue);
    return { id, duplicate: false };
  }

  #present(tx: Transaction, id: string, key: string | null): string {
    const row = tx.sql.first(BY_ID, id) ?? (key === null ? undefined : tx.sql.first(BY_UNIQUE_KEY, key));
    return (row?.id as string | undefined) ?? id;
  }
}
