import { InvalidOptionError } from '../../core/errors.js';
import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Lanes } from './lanes.js';
import type { Policies } from './policies.js';
import { STATE } from './schema.js';
import type { SqlValue } from './sqlite-client.js';
import type { Transaction } from './transaction.js';

const CHUNK = 50;
// An id that is there makes the insert change nothing: the index decides, whoever else inserts.
const contentOf = (columns: string, rows: number) => {
  const row = `(${columns.replaceAll(/\w+/g, '?')})`;
  const values = Array.from({ length: rows }, () => row).join(', ');
  return `insert into jobs_content (${columns}) values ${values} on conflict do nothing`;
};
const CONTENT = contentOf('id, payload, meta', 1);
const CONTENT_CHUNK = contentOf('id, payload, meta', CHUNK);
const PLAIN_CONTENT = contentOf('id, payload', 1);
const PLAIN_CONTENT_CHUNK = contentOf('id, payload', CHUNK);
const COLUMNS = `seq, lane, policy, state, priority, run_at, enqueued_at`;
const JOB = `insert into jobs_job (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)`;
// The seqs of one chunk follow one another, and are nobody else's under the write lock.
const ALIKE_JOBS = `
  insert into jobs_job (${COLUMNS})
  select seq, ?, ?, ?, ?, ?, ? from jobs_content where seq between ? and ?`;
// Likewise the index of unique keys decides.
const RICH_JOB = `
  insert into jobs_job (${COLUMNS}, unique_key, unique_while, unique_name, expires_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`;
const REMOVE_CONTENT = `delete from jobs_content where seq = ?`;
// What a chunk stored has no job yet; what was there before has one.
const UNDO_CHUNK = `
  delete from jobs_content
  where id in (select value from json_each(?))
    and not exists (select 1 from jobs_job where jobs_job.seq = jobs_content.seq)`;
const BY_UNIQUE_KEY = `
  select id from jobs_content where seq = (select seq from jobs_job where unique_key = ?)`;

/** How long a unique key is held, as it is stored. */
export const UNTIL_CLAIMED = 1;
export const UNTIL_ENDED = 2;

/** Stores new jobs. */
export class Pushing {
  readonly #lanes: Lanes;
  readonly #policies: Policies;

  constructor(lanes: Lanes, policies: Policies) {
    this.#lanes = lanes;
    this.#policies = policies;
  }

  pushAll(tx: Transaction, jobs: readonly NewJob[]): Pushed[] {
    const pushed: Pushed[] = [];
    for (let start = 0; start < jobs.length; start += CHUNK) {
      pushed.push(...this.#pushChunk(tx, jobs.slice(start, start + CHUNK)));
    }
    return pushed;
  }

  push(tx: Transaction, job: NewJob): Pushed {
    const { id, payload, meta, unique } = job;
    const { rows, last } =
      meta === undefined
        ? tx.sql.insert(PLAIN_CONTENT, id, payload)
        : tx.sql.insert(CONTENT, id, payload, meta);
    if (rows === 0) return { id, duplicate: true };
    const values = this.#valuesOf(tx, job);
    if (isPlain(job)) tx.sql.run(JOB, last, ...values);
    else if (tx.sql.run(RICH_JOB, last, ...values, ...richValuesOf(tx, job)) === 0) {
      tx.sql.run(REMOVE_CONTENT, last);
      return { id: tx.sql.first(BY_UNIQUE_KEY, unique?.key ?? '')?.id as string, duplicate: true };
    }
    this.#tell(tx, job.queue);
    return { id, duplicate: false };
  }

  // Most batches hold nothing that is there already: then one statement stores them all. It cannot tell which row
  // of it met another, so that a batch with a duplicate is taken back and stored one by one.
  #pushChunk(tx: Transaction, jobs: readonly NewJob[]): Pushed[] {
    if (jobs.length < CHUNK || !jobs.every(isPlain)) {
      return jobs.map((job) => this.push(tx, job));
    }
    const { rows, last } = insertContents(tx, jobs);
    if (rows < jobs.length) {
      tx.sql.run(UNDO_CHUNK, JSON.stringify(jobs.map(({ id }) => id)));
      return jobs.map((job) => this.push(tx, job));
    }
    this.#insertJobs(tx, jobs, last - rows + 1);
    return jobs.map(({ id }) => ({ id, duplicate: false }));
  }

  /** Neighbours that differ in nothing but their content share a statement. */
  #insertJobs(tx: Transaction, jobs: readonly NewJob[], firstSeq: number): void {
    let start = 0;
    for (const [index, job] of jobs.entries()) {
      const next = jobs[index + 1];
      if (next !== undefined && isAlike(job, next)) continue;
      tx.sql.run(ALIKE_JOBS, ...this.#valuesOf(tx, job), firstSeq + start, firstSeq + index);
      this.#tell(tx, job.queue);
      start = index + 1;
    }
  }

  #valuesOf(tx: Transaction, { queue, name, policy, priority, due }: NewJob): SqlValue[] {
    checkPriority(priority);
    // Up, since a job must never run early.
    const runAt = Math.ceil(Math.max(tx.now, 'at' in due ? due.at : tx.now + due.in));
    return [
      this.#lanes.obtain(tx, queue, name).id,
      this.#policies.obtain(tx, policy),
      runAt > tx.now ? STATE.scheduled : STATE.ready,
      priority,
      runAt,
      tx.now,
    ];
  }

  #tell(tx: Transaction, queue: string): void {
    this.#lanes.makeKnown(tx, queue);
    // Also for a job that is due later: whoever sleeps until the next one it knew of must look again.
    tx.noteReady(queue);
  }
}

function insertContents(tx: Transaction, jobs: readonly NewJob[]): { rows: number; last: number } {
  const isBare = jobs.every(({ meta }) => meta === undefined);
  const values: SqlValue[] = [];
  for (const { id, payload, meta } of jobs) {
    values.push(id, payload);
    if (!isBare) values.push(meta ?? null);
  }
  return tx.sql.insert(isBare ? PLAIN_CONTENT_CHUNK : CONTENT_CHUNK, ...values);
}

/** Most jobs ask for nothing that has a column of its own. */
function isPlain({ unique, expiresIn }: NewJob): boolean {
  return unique === undefined && expiresIn === undefined;
}

function richValuesOf(tx: Transaction, { unique, expiresIn }: NewJob): SqlValue[] {
  const key = unique?.key ?? null;
  const until = unique?.while === 'waiting' ? UNTIL_CLAIMED : UNTIL_ENDED;
  // Down, since it must never run later.
  const expiresAt = expiresIn === undefined ? null : Math.floor(tx.now + expiresIn);
  return [key, key === null ? null : until, key, expiresAt];
}

/** Else the column's type would say so, in the words of the driver. */
export function checkPriority(priority: number): void {
  if (Number.isSafeInteger(priority)) return;
  throw new InvalidOptionError(`priority ${priority} is not a whole number`);
}

function isAlike(a: NewJob, b: NewJob): boolean {
  return (
    a.queue === b.queue &&
    a.name === b.name &&
    a.policy === b.policy &&
    a.priority === b.priority &&
    timeOf(a) === timeOf(b) &&
    'at' in a.due === 'at' in b.due
  );
}

function timeOf({ due }: NewJob): number {
  return 'at' in due ? due.at : due.in;
}
