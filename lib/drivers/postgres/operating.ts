import { COARSEN } from './recent-ends.sql.js';
import { hasEnded } from '../../core/lifecycle.js';
import { honourCancel } from '../../core/settlement.js';
import type { CancelResult, JobChange, RemoveResult, RetryOptions } from '../../storage/inspection.js';
import type { Announcing } from './announcing.js';
import type { Database } from './database.js';
import { jobKeyOf, keyOf } from './job-key.js';
import { stateOf } from './job-row.js';
import type { LaneOf, Lanes } from './lanes.js';
import { policyOf } from './policies.js';
import { isUniqueViolation } from './postgres-errors.js';
import { LAPSED, LASTING_COLUMNS, STATE } from './schema.js';
import { endingRequest, isEnding } from './settlement-request.js';
import type { Settling } from './settling.js';
import { arrayOf, type Sql, type SqlRow, type SqlValue } from './sql.js';
import { fromStored, toStored } from './stored-text.js';

const ATTEMPTS = 5;

// In one order, so that two that act on the same jobs do not wait for each other.
const LIVE = `
  select key, lane, token, state, attempt, stalls, ${policyOf('job')} as policy
  from jobs.job where key = any($1::uuid[]) order by seq for no key update`;
const ENDED = `select key from jobs.ended_job where key = any($1::uuid[])`;
// The first reason stands: it may have been told to the run already.
const ASK = `update jobs.job set cancel_reason = coalesce(cancel_reason, $2::text) where key = any($1::uuid[])`;

const RETRIED: Readonly<Record<string, string>> = {
  run_at: 'moment.now + $2::bigint',
  lane: 'coalesce((select target from unnest($3::integer[], $4::integer[]) as moved (source, target) where source = lane), lane)',
  attempt: '0',
  stalls: '0',
  stalled_at: 'null::bigint',
  cancel_reason: 'null::text',
};
// A job that lives again holds its unique key again, unless another has it by now. Should two that had the same key
// come back at once, the index refuses the statement, and it is tried again for each apart.
const RETRY = `
  with moment as materialized (select jobs.clock_1() as now),
  back as (
    delete from jobs.ended_job using moment where key = any($1::uuid[]) and state in (5, 6)
    returning ${LASTING_COLUMNS.map((column) => `${RETRIED[column] ?? column} as ${column}`).join(', ')})
  insert into jobs.job (${LASTING_COLUMNS.join(', ')}, state, unique_key)
  select ${LASTING_COLUMNS.join(', ')}, case when $2::bigint > 0 then 1 else 0 end, case when unique_while = 2 and not exists (
    select 1 from jobs.job held where held.unique_key = back.unique_hash) then back.unique_hash end
  from back
  returning key, lane`;
// The state is judged again after any wait for a claim that came first.
const REMOVE_LIVE = `delete from jobs.job where key = any($1::uuid[]) and state <> 3 returning key`;
const REMOVE_ENDED = `delete from jobs.ended_job where key = any($1::uuid[]) returning key`;
const RUNNING = `select key from jobs.job where key = any($1::uuid[])`;
const WAITING_LANES = `select distinct lane from jobs.job where key = any($1::uuid[]) and state in (0, 1, 2, ${LAPSED})`;
const ENDED_LANES = `select distinct lane from jobs.ended_job where key = any($1::uuid[]) and state in (5, 6)`;
const CHANGE = `
  with moment as materialized (select jobs.clock_1() as now)
  update jobs.job
  set lane = moved.target, priority = coalesce($4::integer, priority),
    run_at = coalesce(moment.now + $5::bigint, run_at),
    state = case
      when state = ${LAPSED} then state
      when coalesce(moment.now + $5::bigint, run_at) <= moment.now then 0
      when state = 2 and run_at > moment.now then 2
      else 1 end
  from moment, unnest($2::integer[], $3::integer[]) as moved (lane, target)
  where job.key = any($1::uuid[]) and job.lane = moved.lane and job.state in (0, 1, 2, ${LAPSED})
  returning job.key, job.lane`;
const PRUNE = `
  delete from jobs.ended_job where seq = any(array(
    select seq from jobs.ended_job where prune_at <= (select jobs.clock_1()) order by prune_at limit $1::integer
    for update skip locked))
  returning 1`;
const PRUNE_HOLDS = `
  delete from jobs.hold where unique_key = any(array(
    select unique_key from jobs.hold where until <= (select jobs.clock_1()) order by until limit $1::integer
    for update skip locked))
  returning unique_key`;
// The job may wait still, and would keep others from the key.
const FREE_KEYS = `
  update jobs.job set unique_key = null where unique_key = any($1::uuid[]) and unique_while = 3`;
const PAUSE = `
  insert into jobs.queue (key, name, since, paused_at, pause_reason)
  select $1::uuid, $2::text, now, now, $3::text from (select jobs.clock_1() as now) moment
  on conflict (key) do update set paused_at = excluded.paused_at, pause_reason = excluded.pause_reason`;
const RESUME = `
  update jobs.queue set paused_at = null, pause_reason = null where key = $1::uuid and paused_at is not null
  returning 1`;

/** What people do to single jobs and queues. */
export class Operating {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #settling: Settling;
  readonly #announcing: Announcing;

  constructor(database: Database, lanes: Lanes, settling: Settling, announcing: Announcing) {
    this.#database = database;
    this.#lanes = lanes;
    this.#settling = settling;
    this.#announcing = announcing;
  }

  async cancel(ids: readonly string[], reason: string): Promise<CancelResult[]> {
    const keys = ids.map(jobKeyOf);
    const results = await this.#database.transaction(async (sql) => {
      const live = byKey(await sql.rows(LIVE, [arrayOf(keys)]));
      const missing = keys.filter((key) => !live.has(key));
      const ended = byKey(missing.length === 0 ? [] : await sql.rows(ENDED, [arrayOf(missing)]));
      await this.#cancelLive(sql, [...live.values()], reason);
      const seen = new Set<string>();
      return keys.map((key): CancelResult => {
        const row = live.get(key);
        if (row === undefined) return ended.has(key) ? 'ended' : 'unknown';
        if (row.state === STATE.running) return 'requested';
        // An id that stands twice finds its job ended the second time.
        if (seen.has(key)) return 'ended';
        seen.add(key);
        return 'cancelled';
      });
    });
    this.#announcing.tell({ cancel: results.includes('requested') });
    return results;
  }

  async retry(ids: readonly string[], { queue, delay = 0 }: RetryOptions = {}): Promise<boolean[]> {
    const keys = ids.map(jobKeyOf);
    const moved = queue === undefined ? [] : await this.#moved(ENDED_LANES, keys, queue);
    const values = [
      Math.ceil(delay),
      arrayOf(moved.map(({ from }) => from)),
      arrayOf(moved.map(({ to }) => to)),
    ];
    const rows = await this.#retryAll([...new Set(keys)], values);
    if (queue !== undefined && rows.length > 0) await this.#lanes.makeKnown(this.#database, [queue]);
    await this.#tellReady(rows);
    const retried = new Set(rows.map(({ key }) => key));
    return keys.map((key) => retried.delete(key));
  }

  async remove(ids: readonly string[]): Promise<RemoveResult[]> {
    const keys = ids.map(jobKeyOf);
    const removed = byKey(await this.#database.rows(REMOVE_LIVE, [arrayOf(keys)]));
    let left = keys.filter((key) => !removed.has(key));
    if (left.length > 0) {
      for (const row of await this.#database.rows(REMOVE_ENDED, [arrayOf(left)]))
        removed.set(row.key as string, row);
    }
    left = keys.filter((key) => !removed.has(key));
    const running = byKey(left.length === 0 ? [] : await this.#database.rows(RUNNING, [arrayOf(left)]));
    return keys.map((key) => (removed.delete(key) ? 'removed' : running.has(key) ? 'running' : 'unknown'));
  }

  async change(ids: readonly string[], { queue, priority, delay }: JobChange): Promise<boolean[]> {
    const keys = ids.map(jobKeyOf);
    const moved = await this.#moved(WAITING_LANES, keys, queue);
    const changed = await this.#database.rows(CHANGE, [
      arrayOf(keys),
      arrayOf(moved.map(({ from }) => from)),
      arrayOf(moved.map(({ to }) => to)),
      priority ?? null,
      delay === undefined ? null : Math.ceil(delay),
    ]);
    if (queue !== undefined && changed.length > 0) await this.#lanes.makeKnown(this.#database, [queue]);
    await this.#tellReady(changed);
    const found = byKey(changed);
    return keys.map((key) => found.has(key));
  }

  async prune(limit: number): Promise<number> {
    await this.#database.transaction(async (sql) => {
      const keys = (await sql.rows(PRUNE_HOLDS, [limit])).map((row) => row.unique_key as string);
      if (keys.length > 0) await sql.rows(FREE_KEYS, [arrayOf(keys)]);
    });
    await this.#database.rows(COARSEN);
    return (await this.#database.rows(PRUNE, [limit])).length;
  }

  async pause(queue: string, reason: string): Promise<void> {
    await this.#database.rows(PAUSE, [keyOf(queue), toStored(queue), toStored(reason)]);
  }

  async resume(queue: string): Promise<void> {
    const rows = await this.#database.rows(RESUME, [keyOf(queue)]);
    if (rows.length > 0) this.#announcing.tell({ ready: [queue] });
  }

  async #cancelLive(sql: Sql, rows: readonly SqlRow[], reason: string): Promise<void> {
    const running = rows.filter(({ state }) => state === STATE.running).map(({ key }) => key as string);
    if (running.length > 0) await sql.rows(ASK, [arrayOf(running), toStored(reason)]);
    const waiting = rows.filter((row) => row.state !== STATE.running && !hasEnded(stateOf(row)));
    const endings = waiting.flatMap((row) => {
      const { attempt, stalls } = row as unknown as { attempt: number; stalls: number };
      const job = { policy: fromStored(row.policy as string), cancelReason: reason };
      const settlement = honourCancel({ state: 'ready', attempt, stalls }, job);
      if (!isEnding(settlement)) return [];
      return [endingRequest(row.key as string, row.token as number, settlement, row.state as number)];
    });
    await this.#settling.end(sql, endings);
  }

  /** The lanes that jobs are in, and those of the other queue, which are made where they are missing. */
  async #moved(
    lanesOf: string,
    keys: readonly string[],
    queue: string | undefined,
  ): Promise<{ readonly from: number; readonly to: number }[]> {
    const rows = await this.#database.rows(lanesOf, [arrayOf(keys)]);
    await this.#lanes.learn(this.#database, rows);
    const from = rows.map(({ lane }) => this.#lanes.byId(lane as number));
    const to = from.map(({ name, queue: present }) => ({ queue: queue ?? present, name }));
    await this.#lanes.ensure(this.#database, to);
    return from.map(({ id }, index) => ({ from: id, to: this.#lanes.idOf(to[index] as LaneOf) }));
  }

  async #retryAll(keys: readonly string[], values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#database.rows(RETRY, [arrayOf(keys), ...values]);
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === ATTEMPTS) throw error;
        if (keys.length === 1) continue;
        const rows: SqlRow[] = [];
        for (const key of keys) rows.push(...(await this.#retryAll([key], values)));
        return rows;
      }
    }
  }

  async #tellReady(rows: readonly SqlRow[]): Promise<void> {
    await this.#lanes.learn(this.#database, rows);
    this.#announcing.tell({
      ready: [...new Set(rows.map(({ lane }) => this.#lanes.byId(lane as number).queue))],
    });
  }
}

function byKey(rows: readonly SqlRow[]): Map<string, SqlRow> {
  return new Map(rows.map((row) => [row.key as string, row]));
}
