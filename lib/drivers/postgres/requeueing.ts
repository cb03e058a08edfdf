import { isAwaited, isWaiter } from '../../storage/flow-ties.js';
import type { JobChange, RetryOptions } from '../../storage/inspection.js';
import type { Announcing } from './announcing.js';
import type { Database } from './database.js';
import type { Flows } from './flows.js';
import { jobKeyOf } from './job-key.js';
import type { LaneOf, Lanes } from './lanes.js';
import { isUniqueViolation } from './postgres-errors.js';
import { LAPSED, LASTING_COLUMNS, STATE } from './schema.js';
import { MOMENT } from './settling.sql.js';
import { arrayOf, type Sql, type SqlRow, type SqlValue } from './sql.js';

const ATTEMPTS = 5;

const ENDED = `select key, lane, edges from jobs.ended_job where key = any($1::uuid[]) and state in (5, 6)`;
const LOCK_ENDED = `select 1 from jobs.ended_job where key = $1::uuid and state in (5, 6) for update`;
const RETRIED: Readonly<Record<string, string>> = {
  run_at: 'moment.now + $2::bigint',
  lane: 'coalesce((select target from unnest($3::integer[], $4::integer[]) as moved (source, target) where source = lane), lane)',
  attempt: '0',
  stalls: '0',
  stalled_at: 'null::bigint',
  cancel_reason: 'null::text',
};
const LASTING = LASTING_COLUMNS.join(', ');
// A job that lives again holds its unique key again, unless another has it by now. Should two that had the same key
// come back at once, the index refuses the statement, and it is tried again for each apart.
const RETRY = `
  with ${MOMENT},
  back as (
    delete from jobs.ended_job using moment where key = any($1::uuid[]) and state in (5, 6)
    returning ${LASTING_COLUMNS.map((column) => `${RETRIED[column] ?? column} as ${column}`).join(', ')})
  insert into jobs.job (${LASTING}, state, due_in, unique_key)
  select ${LASTING}, case when $5::boolean then ${STATE.blocked} when $2::bigint > 0 then 1 else 0 end,
    case when $5::boolean then $2::bigint end,
    case when unique_while = 2 and not exists (
      select 1 from jobs.job held where held.unique_key = back.unique_hash) then back.unique_hash end
  from back
  returning key, lane`;
const WAITING = `(0, 1, 2, ${STATE.blocked}, ${LAPSED})`;
const LIVE = `select distinct lane from jobs.job where key = any($1::uuid[]) and state in ${WAITING}`;
// Of a blocked job the delay begins when it is free.
const CHANGE = `
  with ${MOMENT}
  update jobs.job
  set lane = moved.target, priority = coalesce($4::integer, priority),
    run_at = coalesce(moment.now + $5::bigint, run_at),
    due_in = case when state = ${STATE.blocked} then coalesce($5::bigint, due_in) end,
    state = case
      when state in (${STATE.blocked}, ${LAPSED}) then state
      when coalesce(moment.now + $5::bigint, run_at) <= moment.now then 0
      when state = 2 and run_at > moment.now then 2
      else 1 end
  from moment, unnest($2::integer[], $3::integer[]) as moved (lane, target)
  where job.key = any($1::uuid[]) and job.lane = moved.lane and job.state in ${WAITING}
  returning job.key, job.lane`;

/** Gives jobs another place: those that have ended, and those that wait. */
export class Requeueing {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #flows: Flows;
  readonly #announcing: Announcing;

  constructor(database: Database, lanes: Lanes, flows: Flows, announcing: Announcing) {
    this.#database = database;
    this.#lanes = lanes;
    this.#flows = flows;
    this.#announcing = announcing;
  }

  async retry(ids: readonly string[], { queue, delay = 0 }: RetryOptions = {}): Promise<boolean[]> {
    const keys = ids.map(jobKeyOf);
    const ended = byKey(await this.#database.rows(ENDED, [arrayOf(keys)]));
    const targets = await this.#targets([...ended.values()], queue);
    const how = [Math.ceil(delay), arrayOf([...targets.keys()]), arrayOf([...targets.values()])];
    const plain = [...ended.values()].flatMap(({ key, edges }) => (edges === null ? [key as string] : []));
    const rows = plain.length === 0 ? [] : [...(await this.#retryAll(plain, how))];
    for (const key of new Set(keys)) {
      const edges = ended.get(key)?.edges ?? null;
      if (edges === null) continue;
      rows.push(...(await this.#database.transaction((sql) => this.#retryTied(sql, key, edges, how))));
    }
    return this.#announce(keys, rows, queue);
  }

  async change(ids: readonly string[], { queue, priority, delay }: JobChange): Promise<boolean[]> {
    const keys = ids.map(jobKeyOf);
    const targets = await this.#targets(await this.#database.rows(LIVE, [arrayOf(keys)]), queue);
    const changed = await this.#database.rows(CHANGE, [
      arrayOf(keys),
      arrayOf([...targets.keys()]),
      arrayOf([...targets.values()]),
      priority ?? null,
      delay === undefined ? null : Math.ceil(delay),
    ]);
    const found = byKey(changed);
    await this.#announce(keys, changed, queue);
    return keys.map((key) => found.has(key));
  }

  /** By the lane that jobs are in, that in the other queue, which is made where it is missing. */
  async #targets(rows: readonly SqlRow[], queue: string | undefined): Promise<ReadonlyMap<number, number>> {
    await this.#lanes.learn(this.#database, rows);
    const from = [...new Set(rows.map(({ lane }) => lane as number))].map((lane) => this.#lanes.byId(lane));
    const to = from.map(({ name, queue: present }): LaneOf => ({ queue: queue ?? present, name }));
    await this.#lanes.ensure(this.#database, to);
    return new Map(from.map(({ id }, index) => [id, this.#lanes.idOf(to[index] as LaneOf)]));
  }

  /** `how`: the delay, and the lanes that jobs are in beside those that they go to. */
  async #retryAll(keys: readonly string[], how: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#database.rows(RETRY, [arrayOf(keys), ...how, false]);
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === ATTEMPTS) throw error;
        if (keys.length === 1) continue;
        const rows: SqlRow[] = [];
        for (const key of keys) rows.push(...(await this.#retryAll([key], how)));
        return rows;
      }
    }
  }

  /** One that has to do with others. */
  async #retryTied(
    sql: Sql,
    key: string,
    edges: unknown,
    how: readonly SqlValue[],
  ): Promise<readonly SqlRow[]> {
    if ((await sql.rows(LOCK_ENDED, [key])).length === 0) return [];
    const stands = isWaiter(edges) ? await this.#flows.standingOf(sql, key) : 'free';
    if (stands === undefined) return [];
    const rows = await sql.rows(RETRY, [arrayOf([key]), ...how, stands === 'blocked']);
    if (isAwaited(edges)) await this.#flows.reopen(sql, key);
    return rows;
  }

  /** Tells of jobs that have another place, and which of those that were asked for have. An id that stands twice has once. */
  async #announce(
    keys: readonly string[],
    rows: readonly SqlRow[],
    queue: string | undefined,
  ): Promise<boolean[]> {
    if (queue !== undefined && rows.length > 0) await this.#lanes.makeKnown(this.#database, [queue]);
    this.#announcing.tell({ ready: await this.#lanes.queuesOf(this.#database, rows) });
    const found = new Set(rows.map(({ key }) => key));
    return keys.map((key) => found.delete(key));
  }
}

function byKey(rows: readonly SqlRow[]): Map<string, SqlRow> {
  return new Map(rows.map((row) => [row.key as string, row]));
}
