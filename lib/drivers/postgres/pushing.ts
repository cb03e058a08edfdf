import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Announcing } from './announcing.js';
import type { Database } from './database.js';
import { jobKeyOf, keyOf } from './job-key.js';
import type { Lanes } from './lanes.js';
import { arrayOf, type Sql } from './sql.js';
import { fromStored, toStored } from './stored-text.js';

const PUSH = `select place, present from jobs.push_1($1::text, $2::text)`;
// The number of the transaction tells later whether it was committed.
const PUSH_JOINED = `
  select pg_current_xact_id()::text as transaction, place, present
  from (select 1) as one left join jobs.push_1($1::text, $2::text) on true`;

/** How long a unique key is held, as it is stored. */
const UNTIL_CLAIMED = 1;
const UNTIL_ENDED = 2;

/** What became of a push within the caller's transaction, should that be committed. */
export interface JoinedPush {
  readonly pushed: readonly Pushed[];
  /** The number of the transaction. */
  readonly transaction: string;
}

/** Stores new jobs. */
export class Pushing {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #announcing: Announcing;

  constructor(database: Database, lanes: Lanes, announcing: Announcing) {
    this.#database = database;
    this.#lanes = lanes;
    this.#announcing = announcing;
  }

  async push(jobs: readonly NewJob[]): Promise<Pushed[]> {
    await this.prepare(jobs);
    const pushed = await this.pushIn(this.#database, jobs);
    await this.announce(jobs, pushed);
    return pushed;
  }

  /** Once it is committed: makes queues known and tells of their jobs. */
  async announce(jobs: readonly NewJob[], pushed: readonly Pushed[]): Promise<void> {
    // Also of jobs that are due later: whoever sleeps until the next one it knew of must look again.
    const stored = jobs.filter((_, index) => pushed[index]?.duplicate === false);
    const queues = [...new Set(stored.map(({ queue }) => queue))];
    this.#announcing.tell({ ready: queues });
    await this.#lanes.makeKnown(this.#database, queues);
  }

  /** Makes what jobs need that outlasts any transaction. Before `pushIn` and `pushJoined`. */
  prepare(jobs: readonly NewJob[]): Promise<void> {
    return this.#lanes.ensure(this.#database, jobs);
  }

  async pushIn(sql: Sql, jobs: readonly NewJob[]): Promise<Pushed[]> {
    if (jobs.length === 0) return [];
    return pushedOf(jobs, await sql.rows(PUSH, this.#valuesOf(jobs)));
  }

  /** Takes text parameters only: whatever library the caller's transaction is of, it can pass them. */
  async pushJoined(sql: Sql, jobs: readonly NewJob[]): Promise<JoinedPush> {
    const rows = await sql.rows(PUSH_JOINED, this.#valuesOf(jobs));
    const refused = rows.filter(({ place }) => place !== null);
    return { pushed: pushedOf(jobs, refused), transaction: String(rows[0]?.transaction) };
  }

  #valuesOf(jobs: readonly NewJob[]): [batch: string, keys: string] {
    const keys: string[] = [];
    const batch = jobs.map((job, place) => {
      const key = jobKeyOf(job.id);
      keys.push(key);
      return this.#requestOf(job, place, key);
    });
    return [JSON.stringify(batch), arrayOf(keys)];
  }

  // One shape for all jobs: what is undefined is left out of the JSON, and null where it is read.
  #requestOf(job: NewJob, place: number, key: string): object {
    const { id, due, unique, meta, priority } = job;
    return {
      place,
      key,
      id: key === id ? undefined : toStored(id),
      lane: this.#lanes.idOf(job),
      priority,
      // Up, since a job must never run early.
      at: 'at' in due ? Math.ceil(due.at) : undefined,
      delay: 'at' in due ? undefined : Math.ceil(due.in),
      policy: toStored(job.policy),
      payload: toStored(job.payload),
      meta: meta === undefined ? undefined : toStored(meta),
      unique_key: unique && keyOf(unique.key),
      unique_name: unique && toStored(unique.key),
      unique_while: unique && (unique.while === 'waiting' ? UNTIL_CLAIMED : UNTIL_ENDED),
    };
  }
}

function pushedOf(
  jobs: readonly NewJob[],
  refused: readonly { readonly place?: unknown; readonly present?: unknown }[],
): Pushed[] {
  const pushed = jobs.map(({ id }) => ({ id, duplicate: false }));
  for (const { place, present } of refused) {
    pushed[Number(place)] = { id: fromStored(present as string), duplicate: true };
  }
  return pushed;
}
