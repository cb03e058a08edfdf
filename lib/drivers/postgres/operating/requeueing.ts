import { isAwaited, isWaiter } from '../../../storage/flow-ties.js';
import type { JobChange, RetryOptions } from '../../../storage/inspection.js';
import type { Announcing } from '../signals/announcing.js';
import type { Database } from '../connection/database.js';
import type { Flows } from '../settling/flows.js';
import { groupsOf, type GroupTable } from '../groups/group-table.js';
import { jobKeyOf } from '../jobs/job-key.js';
import { notesOf } from '../schema/group-schema.sql.js';
import type { LaneOf, Lanes } from '../jobs/lanes.js';
import { isUniqueViolation } from '../connection/postgres-errors.js';
import { LAPSED, LASTING_COLUMNS, STATE } from '../schema/schema.js';
import { MOMENT } from '../schema/moment.sql.js';
import { arrayOf, type Sql, type SqlRow, type SqlValue } from '../connection/sql.js';
import { fromStored } from '../connection/stored-text.js';

const ATTEMPTS = 5;

const ENDED = `select key, lane, edges, group_name, unique_hash from jobs.ended_job where key = any($1::uuid[]) and state in (5, 6)`;
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
const HELD_FOR_A_TIME = `
  select 1 from jobs.hold where hold.unique_key = back.unique_hash and hold.until > moment.now`;
// A job that lives again holds its unique key again, unless another has it by now. Should a rival take it meanwhile, the
// index refuses the statement, and it is tried again. Of two with one key that come back at once it would refuse one each time.
const RETRY = `
  with ${MOMENT},
  back as (
    delete from jobs.ended_job using moment where key = any($1::uuid[]) and state in (5, 6)
    returning ${LASTING_COLUMNS.map((column) => `${RETRIED[column] ?? column} as ${column}`).join(', ')}),
  noted as (${notesOf('(select seq, lane, $6::integer as grp from back)')})
  insert into jobs.job (${LASTING}, state, grp, due_in, unique_key)
  select ${LASTING}, case when $5::boolean then ${STATE.blocked} when $2::bigint > 0 then 1 else 0 end, $6::integer,
    case when $5::boolean then $2::bigint end,
    case
      when unique_while = 2
        and not exists (select 1 from jobs.job held where held.unique_key = back.unique_hash)
        and not exists (${HELD_FOR_A_TIME})
        then back.unique_hash
      when unique_while = 3 and exists (${HELD_FOR_A_TIME} and hold.holder = coalesce(back.id, back.key::text))
        then back.unique_hash end
  from back cross join moment
  returning key, lane`;
const WAITING = `(0, 1, 2, ${STATE.blocked}, ${LAPSED})`;
const LIVE = `select key, lane, group_name from jobs.job where key = any($1::uuid[]) and state in ${WAITING}`;
// Of a blocked job the delay begins when it is free.
const CHANGE = `
  with ${MOMENT}
  update jobs.job
  set lane = moved.target, grp = coalesce($6::integer, grp), priority = coalesce($4::integer, priority),
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

/** Where jobs go. */
interface Targets {
  /** Two lists. */
  readonly lanes: readonly [from: string, to: string];
  /** The keys of the jobs, by the group that they are to have. */
  readonly groups: ReadonlyMap<number | null, readonly string[]>;
}

/** Gives jobs another place: those that have ended, and those that wait. */
export class Requeueing {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #groups: GroupTable;
  readonly #flows: Flows;
  readonly #announcing: Announcing;

  constructor(database: Database, lanes: Lanes, groups: GroupTable, flows: Flows, announcing: Announcing) {
    this.#database = database;
    this.#lanes = lanes;
    this.#groups = groups;
    this.#flows = flows;
    this.#announcing = announcing;
  }

  async retry(ids: readonly string[], { queue, delay = 0 }: RetryOptions = {}): Promise<boolean[]> {
    const keys = ids.map(jobKeyOf);
    const ended = byKey(await this.#database.rows(ENDED, [arrayOf(keys)]));
    const { lanes, groups } = await this.#targets([...ended.values()], queue);
    const how = [Math.ceil(delay), ...lanes];
    const rows: SqlRow[] = [];
    const apart = thoseApart(ended);
    for (const [group, members] of groups) {
      const together = members.filter((key) => !apart.has(key));
      if (together.length > 0) rows.push(...(await this.#retryAll(together, how, group)));
    }
    const groupOf = new Map([...groups].flatMap(([group, members]) => members.map((key) => [key, group])));
    for (const key of new Set(keys)) {
      if (!apart.has(key)) continue;
      const edges = ended.get(key)?.edges ?? null;
      const group = groupOf.get(key) ?? null;
      const work = (sql: Sql) => this.#retryTied(sql, key, edges, how, group);
      const retried = edges === null ? this.#retryAll([key], how, group) : this.#database.transaction(work);
      rows.push(...(await retried));
    }
    return this.#announce(keys, rows, queue);
  }

  async change(ids: readonly string[], { queue, priority, delay }: JobChange): Promise<boolean[]> {
    const keys = ids.map(jobKeyOf);
    const live = await this.#database.rows(LIVE, [arrayOf(keys)]);
    const { lanes, groups } = await this.#targets(live, queue);
    const how = [...lanes, priority ?? null, delay === undefined ? null : Math.ceil(delay)];
    const changed: SqlRow[] = [];
    for (const [group, members] of groups)
      changed.push(...(await this.#database.rows(CHANGE, [arrayOf(members), ...how, group])));
    const found = byKey(changed);
    await this.#announce(keys, changed, queue);
    return keys.map((key) => found.has(key));
  }

  /**
   * The lanes that jobs are in, beside those of the other queue, and the keys of the jobs by their group there; all of that is
   * made where it is missing.
   */
  async #targets(rows: readonly SqlRow[], queue: string | undefined): Promise<Targets> {
    await this.#lanes.learn(this.#database, rows);
    const from = [...new Set(rows.map(({ lane }) => lane as number))].map((lane) => this.#lanes.byId(lane));
    const to = from.map(({ name, queue: present }): LaneOf => ({ queue: queue ?? present, name }));
    await this.#lanes.ensure(this.#database, to);
    const targets = to.map((lane) => this.#lanes.idOf(lane));
    const places = rows.map((row) => ({
      key: row.key as string,
      queue: queue ?? this.#lanes.byId(row.lane as number).queue,
      ...(row.group_name === null ? {} : { group: fromStored(row.group_name as string) }),
    }));
    await this.#groups.ensure(groupsOf(places));
    const groups = new Map<number | null, string[]>();
    for (const { key, queue: target, group } of places) {
      const id = group === undefined ? null : this.#groups.idOf({ queue: target, group });
      groups.set(id, [...(groups.get(id) ?? []), key]);
    }
    return { lanes: [arrayOf(from.map(({ id }) => id)), arrayOf(targets)], groups };
  }

  /** `how`: the delay, and the lanes that jobs are in beside those that they go to. */
  async #retryAll(
    keys: readonly string[],
    how: readonly SqlValue[],
    group: number | null,
  ): Promise<readonly SqlRow[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#database.rows(RETRY, [arrayOf(keys), ...how, false, group]);
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** One that has to do with others. */
  async #retryTied(
    sql: Sql,
    key: string,
    edges: unknown,
    how: readonly SqlValue[],
    group: number | null,
  ): Promise<readonly SqlRow[]> {
    if ((await sql.rows(LOCK_ENDED, [key])).length === 0) return [];
    const stands = isWaiter(edges) ? await this.#flows.standingOf(sql, key) : 'free';
    if (stands === undefined) return [];
    const rows = await sql.rows(RETRY, [arrayOf([key]), ...how, stands === 'blocked', group]);
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

/** Those that others wait for or that wait, and those of one unique key: the next finds what the one before it did. */
function thoseApart(ended: ReadonlyMap<string, SqlRow>): ReadonlySet<string> {
  const first = new Map<unknown, string>();
  const apart = new Set<string>();
  for (const [key, { edges, unique_hash: hash }] of ended) {
    const before = hash === null ? undefined : first.get(hash);
    if (before !== undefined) apart.add(before).add(key);
    if (edges !== null) apart.add(key);
    first.set(hash, key);
  }
  return apart;
}

function byKey(rows: readonly SqlRow[]): Map<string, SqlRow> {
  return new Map(rows.map((row) => [row.key as string, row]));
}
