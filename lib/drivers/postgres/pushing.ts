import type { NewJob, Pushed } from '../../storage/new-job.js';
import type { Announcing } from './announcing.js';
import type { Database } from './database.js';
import { jobKeyOf, keyOf } from './job-key.js';
import type { Lanes } from './lanes.js';
import type { Policies } from './policies.js';
import { PUSH_COLUMNS } from './push-function.sql.js';
import type { Sql } from './sql.js';
import { fromStored, toStored } from './stored-text.js';

const CALL = `jobs.push_1(${PUSH_COLUMNS.map((_, index) => `$${index + 1}::text`).join(', ')})`;
const PUSH = `select place, present from ${CALL}`;
// The number of the transaction tells later whether it was committed.
const PUSH_JOINED = `
  select pg_current_xact_id()::text as transaction, place, present
  from (select 1) as one left join ${CALL} on true`;

/** How long a unique key is held, as it is stored. */
const UNTIL_CLAIMED = 1;
const UNTIL_ENDED = 2;

type PushColumn = (typeof PUSH_COLUMNS)[number];

/** A job as the function reads it. */
type PushRow = Readonly<Record<PushColumn, string | number | undefined>>;

const TEXTS: ReadonlySet<PushColumn> = new Set(['policies', 'payloads', 'ids', 'metas', 'unique_names']);

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
  readonly #policies: Policies;
  readonly #announcing: Announcing;

  constructor(database: Database, lanes: Lanes, policies: Policies, announcing: Announcing) {
    this.#database = database;
    this.#lanes = lanes;
    this.#policies = policies;
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
  async prepare(jobs: readonly NewJob[]): Promise<void> {
    await this.#lanes.ensure(this.#database, jobs);
    await this.#policies.ensure(this.#database, jobs);
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

  #valuesOf(jobs: readonly NewJob[]): string[] {
    const rows = jobs.map((job) => this.#rowOf(job));
    return PUSH_COLUMNS.map((column) => {
      const values = rows.map((row) => row[column]);
      if (values.every((value) => value === undefined)) return '';
      return TEXTS.has(column)
        ? JSON.stringify(values)
        : `{${values.map((value) => value ?? 'null').join(',')}}`;
    });
  }

  #rowOf(job: NewJob): PushRow {
    const { id, due, unique, meta, priority } = job;
    const key = jobKeyOf(id);
    return {
      keys: key,
      ids: key === id ? undefined : toStored(id),
      lanes: this.#lanes.idOf(job),
      priorities: priority,
      // Up, since a job must never run early.
      ats: 'at' in due ? Math.ceil(due.at) : undefined,
      delays: 'at' in due ? undefined : Math.ceil(due.in),
      policies: this.#policies.storedOf(job.policy),
      payloads: toStored(job.payload),
      metas: meta === undefined ? undefined : toStored(meta),
      unique_keys: unique && keyOf(unique.key),
      unique_names: unique && toStored(unique.key),
      unique_whiles: unique && (unique.while === 'waiting' ? UNTIL_CLAIMED : UNTIL_ENDED),
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
