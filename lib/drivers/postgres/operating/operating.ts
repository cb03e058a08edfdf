import { COARSEN } from '../schema/recent-ends.sql.js';
import { isAwaited } from '../../../storage/flow-ties.js';
import { hasEnded } from '../../../core/lifecycle.js';
import { honourCancel } from '../../../core/settlement.js';
import type { CancelResult, RemoveResult } from '../../../storage/inspection.js';
import type { Announcing } from '../signals/announcing.js';
import type { Database } from '../connection/database.js';
import type { Flows } from '../settling/flows.js';
import { jobKeyOf, keyOf } from '../jobs/job-key.js';
import { stateOf } from '../jobs/job-row.js';
import type { InLane, Lanes } from '../jobs/lanes.js';
import { policyOf } from '../jobs/policies.js';
import { STATE } from '../schema/schema.js';
import { endingRequest, isEnding, type EndingRequest } from '../settling/settlement-request.js';
import { arrayOf, type Sql, type SqlRow } from '../connection/sql.js';
import { fromStored, toStored } from '../connection/stored-text.js';

// In one order, so that two that act on the same jobs do not wait for each other.
const LIVE = `
  select key, lane, token, state, attempt, stalls, edges, ${policyOf('job')} as policy
  from jobs.job where key = any($1::uuid[]) order by seq for no key update`;
const ENDED = `select key from jobs.ended_job where key = any($1::uuid[])`;
// The first reason stands: it may have been told to the run already.
const ASK = `update jobs.job set cancel_reason = coalesce(cancel_reason, $2::text) where key = any($1::uuid[])`;

// The state is judged again after any wait for a claim that came first.
const REMOVE_LIVE = `
  delete from jobs.job where key = any($1::uuid[]) and state <> 3 and edges is null returning key`;
// What a job waited for is known no longer than the job.
const withEdges = (condition: string) => `
  with gone as (delete from jobs.ended_job where ${condition} returning key, edges),
  cut as (delete from jobs.edge using gone where edge.waiter = gone.key and gone.edges is not null)
  select key from gone`;
const REMOVE_ENDED = withEdges(`key = any($1::uuid[])`);
const LEFT = `select key, state from jobs.job where key = any($1::uuid[])`;
const LOCK = `select 1 from jobs.job where key = any($1::uuid[]) order by seq for update`;
const REMOVE_TIED = `delete from jobs.job where key = any($1::uuid[]) and state <> 3 returning key, edges`;
const CUT = `delete from jobs.edge where waiter = any($1::uuid[])`;
const PRUNE = withEdges(`seq = any(array(
    select seq from jobs.ended_job where prune_at <= (select jobs.clock_1()) order by prune_at limit $1::integer
    for update skip locked))`);
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
  readonly #flows: Flows;
  readonly #announcing: Announcing;

  constructor(database: Database, lanes: Lanes, flows: Flows, announcing: Announcing) {
    this.#database = database;
    this.#lanes = lanes;
    this.#flows = flows;
    this.#announcing = announcing;
  }

  async cancel(ids: readonly string[], reason: string): Promise<CancelResult[]> {
    const keys = ids.map(jobKeyOf);
    const { results, lanes } = await this.#database.transaction(async (sql) => {
      const live = byKey(await sql.rows(LIVE, [arrayOf(keys)]));
      const { ended: overtaken, lanes: free } = await this.#cancelLive(sql, keys, live, reason);
      const missing = keys.filter((key) => !live.has(key) || overtaken.has(key));
      const ended = byKey(missing.length === 0 ? [] : await sql.rows(ENDED, [arrayOf(missing)]));
      const seen = new Set<string>();
      const answers = keys.map((key): CancelResult => {
        const row = live.get(key);
        if (row === undefined || overtaken.has(key)) return ended.has(key) ? 'ended' : 'unknown';
        if (row.state === STATE.running) return 'requested';
        // An id that stands twice finds its job ended the second time.
        if (seen.has(key)) return 'ended';
        seen.add(key);
        return 'cancelled';
      });
      return { results: answers, lanes: free };
    });
    const ready = await this.#lanes.queuesOf(this.#database, lanes);
    this.#announcing.tell({ ready, cancel: results.includes('requested') });
    return results;
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
    const rest = left.length === 0 ? [] : await this.#database.rows(LEFT, [arrayOf(left)]);
    const running = new Set(rest.filter(({ state }) => state === STATE.running).map(({ key }) => key));
    const there = byKey(rest);
    const tied = [...new Set(left)].filter((key) => there.has(key) && !running.has(key));
    for (const row of await this.#removeTied(tied)) removed.set(row.key as string, row);
    return keys.map((key) => (removed.delete(key) ? 'removed' : running.has(key) ? 'running' : 'unknown'));
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

  /** Jobs that have to do with others: for those it is as if they had been cancelled. */
  async #removeTied(keys: readonly string[]): Promise<readonly SqlRow[]> {
    if (keys.length === 0) return [];
    const { rows, lanes } = await this.#database.transaction(async (sql) => {
      const all = { rows: [] as SqlRow[], lanes: [] as InLane[] };
      await sql.rows(LOCK, [arrayOf(keys)]);
      // One after the other: the next of these may be one that waited for it.
      for (const key of keys) {
        const [gone] = await sql.rows(REMOVE_TIED, [arrayOf([key])]);
        // The end of the one before may have ended it, and left a record.
        all.rows.push(...(gone === undefined ? await sql.rows(REMOVE_ENDED, [arrayOf([key])]) : [gone]));
        if (gone === undefined) continue;
        await sql.rows(CUT, [arrayOf([key])]);
        if (!isAwaited(gone.edges)) continue;
        all.lanes.push(...(await this.#flows.tellEnds(sql, [{ key, ended: 'cancelled', result: null }])));
      }
      return all;
    });
    this.#announcing.tell({ ready: await this.#lanes.queuesOf(this.#database, lanes) });
    return rows;
  }

  /** Also tells which of them the end of another had ended before their turn came. */
  async #cancelLive(
    sql: Sql,
    keys: readonly string[],
    live: ReadonlyMap<string, SqlRow>,
    reason: string,
  ): Promise<{ readonly ended: ReadonlySet<string>; readonly lanes: readonly InLane[] }> {
    const rows = [...live.values()];
    const running = rows.filter(({ state }) => state === STATE.running).map(({ key }) => key as string);
    if (running.length > 0) await sql.rows(ASK, [arrayOf(running), toStored(reason)]);
    const waiting = rows.filter((row) => row.state !== STATE.running && !hasEnded(stateOf(row)));
    const alone = waiting.filter(({ edges }) => edges === null);
    const lanes = [
      ...(
        await this.#flows.end(
          sql,
          alone.flatMap((row) => endingOf(row, reason)),
        )
      ).lanes,
    ];
    const ended = new Set<string>();
    const tied = new Set(waiting.filter(({ edges }) => edges !== null).map(({ key }) => key));
    for (const key of keys) {
      if (!tied.delete(key)) continue;
      // As it is by now: the end of the one before may have ended it as well, or freed it.
      const [row] = await sql.rows(LIVE, [arrayOf([key])]);
      if (row === undefined) ended.add(key);
      else lanes.push(...(await this.#flows.end(sql, endingOf(row, reason))).lanes);
    }
    return { ended, lanes };
  }
}

function endingOf(row: SqlRow, cancelReason: string): EndingRequest[] {
  const { attempt, stalls } = row as unknown as { attempt: number; stalls: number };
  const job = { policy: fromStored(row.policy as string), cancelReason };
  const settlement = honourCancel({ state: 'ready', attempt, stalls }, job);
  if (!isEnding(settlement)) return [];
  return [endingRequest(row.key as string, row.token as number, settlement, row.state as number)];
}

function byKey(rows: readonly SqlRow[]): Map<string, SqlRow> {
  return new Map(rows.map((row) => [row.key as string, row]));
}
