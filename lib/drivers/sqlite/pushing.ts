import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Lanes } from './lanes.js';
import { STATE } from './schema.js';
import type { SqlValue } from './sqlite-client.js';
import type { Transaction } from './transaction.js';

const COLUMNS = ['id', 'lane', 'state', 'priority', 'run_at', 'enqueued_at', 'policy', 'payload'];
const RARE_COLUMNS = ['meta', 'unique_key', 'unique_while', 'unique_name'];
// An id or unique key that is there makes the insert change nothing: the indexes decide, whoever else inserts.
const insertOf = (columns: readonly string[], rows: number) => {
  const row = `(${columns.map(() => '?').join(', ')})`;
  const values = Array.from({ length: rows }, () => row).join(', ');
  return `insert into jobs_job (${columns.join(', ')}) values ${values} on conflict do nothing`;
};
const CHUNK = 50;
const INSERT = insertOf([...COLUMNS, ...RARE_COLUMNS], 1);
const INSERT_CHUNK = insertOf([...COLUMNS, ...RARE_COLUMNS], CHUNK);
const INSERT_PLAIN = insertOf(COLUMNS, 1);
const INSERT_PLAIN_CHUNK = insertOf(COLUMNS, CHUNK);
// Under the write lock, what is newer than the newest before was stored by this chunk alone.
const NEWEST = `select coalesce(max(seq), 0) as seq from jobs_job`;
const UNDO = `delete from jobs_job where seq > ?`;
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

  pushAll(tx: Transaction, jobs: readonly NewJob[]): Pushed[] {
    const pushed: Pushed[] = [];
    for (let start = 0; start < jobs.length; start += CHUNK) {
      pushed.push(...this.#pushChunk(tx, jobs.slice(start, start + CHUNK)));
    }
    return pushed;
  }

  push(tx: Transaction, job: NewJob): Pushed {
    const { id, unique } = job;
    const isPlain = isWithoutRare(job);
    if (tx.sql.run(isPlain ? INSERT_PLAIN : INSERT, ...this.#valuesOf(tx, job, isPlain)) === 0) {
      return { id: this.#present(tx, id, unique?.key ?? null), duplicate: true };
    }
    this.#lanes.makeKnown(tx, job.queue);
    // Also for a job that is due later: whoever sleeps until the next one it knew of must look again.
    tx.noteReady(job.queue);
    return { id, duplicate: false };
  }

  // Most batches hold nothing that is there already: then one statement stores them all. It cannot tell which row
  // of it met another, so that a batch with a duplicate is taken back and stored one by one.
  #pushChunk(tx: Transaction, jobs: readonly NewJob[]): Pushed[] {
    if (jobs.length < CHUNK) return jobs.map((job) => this.push(tx, job));
    const newest = tx.sql.first(NEWEST)?.seq as number;
    const isPlain = jobs.every(isWithoutRare);
    const values = jobs.flatMap((job) => this.#valuesOf(tx, job, isPlain));
    if (tx.sql.run(isPlain ? INSERT_PLAIN_CHUNK : INSERT_CHUNK, ...values) < jobs.length) {
      tx.sql.run(UNDO, newest);
      return jobs.map((job) => this.push(tx, job));
    }
    for (const { queue } of jobs) {
      this.#lanes.makeKnown(tx, queue);
      tx.noteReady(queue);
    }
    return jobs.map(({ id }) => ({ id, duplicate: false }));
  }

  #valuesOf(tx: Transaction, job: NewJob, isPlain: boolean): SqlValue[] {
    const { id, due, unique } = job;
    // Up, since a job must never run early.
    const runAt = Math.ceil(Math.max(tx.now, 'at' in due ? due.at : tx.now + due.in));
    const key = unique?.key ?? null;
    const values = [
      id,
      this.#lanes.obtain(tx, job.queue, job.name).id,
      runAt > tx.now ? STATE.scheduled : STATE.ready,
      job.priority,
      runAt,
      tx.now,
      job.policy,
      job.payload,
    ];
    if (isPlain) return values;
    const until = unique === undefined ? null : unique.while === 'waiting' ? UNTIL_CLAIMED : UNTIL_ENDED;
    return [...values, job.meta ?? null, key, until, key];
  }

  #present(tx: Transaction, id: string, key: string | null): string {
    const row = tx.sql.first(BY_ID, id) ?? (key === null ? undefined : tx.sql.first(BY_UNIQUE_KEY, key));
    return (row?.id as string | undefined) ?? id;
  }
}

function isWithoutRare({ meta, unique }: NewJob): boolean {
  return meta === undefined && unique === undefined;
}
