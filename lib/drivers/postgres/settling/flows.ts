import { effectOf, standing, whyUnblockable } from '../../../core/dependency.js';
import type { End, Need } from '../../../core/dependency.js';
import { honourCancel } from '../../../core/settlement.js';
import { isAwaited } from '../../../storage/flow-ties.js';
import type { NewJob, Pushed } from '../../../storage/new-job.js';
import { jobKeyOf } from '../jobs/job-key.js';
import { dependencyOf, stateOf } from '../jobs/job-row.js';
import type { InLane } from '../jobs/lanes.js';
import { policyOf } from '../jobs/policies.js';
import { STATE } from '../schema/schema.js';
import { endingRequest, isEnding, type EndingRequest } from './settlement-request.js';
import { MOMENT } from '../schema/moment.sql.js';
import { END_TIED } from './settling.sql.js';
import { arrayOf, type Sql, type SqlRow } from '../connection/sql.js';
import { fromStored, toStored } from '../connection/stored-text.js';

const ADD = `
  insert into jobs.edge (waiter, dependency, position, id, needs)
  select waiter, dependency, position, id, needs
  from json_to_recordset($1::text::json) as x(waiter uuid, dependency uuid, position integer, id text, needs text)`;
// Of jobs that were there before this push. Who ends one at this moment comes before, and is seen by the next statement, or
// after, and finds the mark.
const MARK_AWAITED = `
  update jobs.job set edges = coalesce(edges, 0) | 1 where key = any($1::text::uuid[]) returning key`;
// Marked as well: it may start again.
const ENDED_BEFORE = `
  update jobs.ended_job set edges = coalesce(edges, 0) | 1 where key = any($1::text::uuid[])
  returning key, state, result`;
// First the edges, then the jobs that wait, and only then, with the eyes of a new statement, how these stand: of two ends
// at once the second waits for the first here, and sees all of it afterwards.
const SETTLE = `
  with settled as (
    update jobs.edge set ended = x.ended, result = x.result
    from json_to_recordset($1::text::json) as x(key uuid, ended text, result text)
    where edge.dependency = x.key and edge.ended is null
    returning edge.waiter)
  select key from jobs.job where key = any(array(select waiter from settled)) and state = ${STATE.blocked}
  order by seq for no key update`;
const BLOCKED = `
  select job.key, job.token, job.attempt, job.stalls, ${policyOf('job')} as policy, edge.dependency, edge.needs, edge.ended,
    coalesce(edge.id, edge.dependency::text) as id,
    (select count(*) from jobs.edge other where other.waiter = edge.waiter and other.ended is null)::integer as open
  from jobs.job join jobs.edge on edge.waiter = job.key
  where job.key = any($1::text::uuid[]) and job.state = ${STATE.blocked} and edge.dependency = any($2::text::uuid[])`;
const FREE = `
  with ${MOMENT}
  update jobs.job
  set state = case when coalesce(moment.now + due_in, run_at) > moment.now then 1 else 0 end,
    run_at = coalesce(moment.now + due_in, greatest(moment.now, run_at)), due_in = null
  from moment where key = any($1::text::uuid[]) and state = ${STATE.blocked}
  returning lane`;
const LOCK_EDGES = `select 1 from jobs.edge where waiter = $1::text::uuid for update`;
const OF_WAITER = `
  select coalesce(id, dependency::text) as id, needs, ended, result from jobs.edge
  where waiter = $1::text::uuid order by position`;
// What has gone on since is not held back again.
const REOPEN = `
  update jobs.edge set ended = null, result = null
  where dependency = $1::text::uuid and ended is not null and (
    exists (select 1 from jobs.job where key = edge.waiter and state = ${STATE.blocked})
    or exists (select 1 from jobs.ended_job where key = edge.waiter and state in (5, 6)))`;

/** How a job ended that others wait for; its result as it is stored. */
interface Ended {
  readonly key: string;
  readonly ended: End;
  readonly result: string | null;
}

/** What was written: the leases that were ended as they were asked for, and the lanes of the jobs that are free by that. */
export interface Told {
  readonly leases: readonly string[];
  readonly lanes: readonly InLane[];
}

/**
 * Jobs that wait for others. Whatever ends a job that is awaited does so here, in a transaction: several statements, since
 * each must see what rivals committed while the one before it waited for them.
 */
export class Flows {
  /** Whose sums the ends are added to. */
  readonly #shard: number;

  constructor(shard: number) {
    this.#shard = shard;
  }

  /** Stores what new jobs of one push wait for, in the transaction that stores them. Returns the lanes of those that are free already. */
  async add(sql: Sql, jobs: readonly NewJob[], pushed: readonly Pushed[]): Promise<readonly InLane[]> {
    const isNew = new Map(jobs.map(({ id }, index) => [id, pushed[index]?.duplicate === false]));
    const waiters = jobs.filter(({ id, after }) => after !== undefined && isNew.get(id) === true);
    const edges = waiters.flatMap(({ id, after = [] }) =>
      after.map((edge, position) => edgeRow(id, position, edge.id, edge.needs)),
    );
    if (edges.length === 0) return [];
    await sql.rows(ADD, [JSON.stringify(edges)]);
    const before = new Set(
      edges.filter(({ awaited }) => isNew.get(awaited) !== true).map((edge) => edge.dependency),
    );
    return before.size === 0 ? [] : this.#catchUp(sql, [...before]);
  }

  /** Ends jobs that the transaction has locked, or that are asked for by a lease, and settles who waits for them. */
  async end(sql: Sql, requests: readonly EndingRequest[]): Promise<Told> {
    if (requests.length === 0) return { leases: [], lanes: [] };
    const rows = await sql.rows(END_TIED, [JSON.stringify(requests), this.#shard]);
    const ended = rows.filter(({ edges }) => isAwaited(edges)).map(endedOf);
    return { leases: rows.map(({ lease }) => lease as string), lanes: await this.tellEnds(sql, ended) };
  }

  /** A list rather than a recursion, since a chain of jobs that are cancelled may be long. Returns the lanes of those that are free. */
  async tellEnds(sql: Sql, ended: readonly Ended[]): Promise<readonly InLane[]> {
    const lanes: InLane[] = [];
    for (let next = ended; next.length > 0;) {
      const { free, doomed } = await this.#settle(sql, next);
      if (free.length > 0) {
        lanes.push(...(await sql.rows(FREE, [arrayOf(free)])));
      }
      next = [];
      if (doomed.length === 0) continue;
      const rows = await sql.rows(END_TIED, [JSON.stringify(doomed), this.#shard]);
      next = rows.filter(({ edges }) => isAwaited(edges)).map(endedOf);
    }
    return lanes;
  }

  /** What a job that is to start again becomes; `undefined` where what it needs has not. Nobody settles it meanwhile. */
  async standingOf(sql: Sql, key: string): Promise<'blocked' | 'free' | undefined> {
    await sql.rows(LOCK_EDGES, [key]);
    const stands = standing((await sql.rows(OF_WAITER, [key])).map(dependencyOf));
    return typeof stands === 'string' ? stands : undefined;
  }

  /** The job starts again: who waited for it and did not run since may wait for it once more. */
  async reopen(sql: Sql, key: string): Promise<void> {
    await sql.rows(REOPEN, [key]);
  }

  async #settle(sql: Sql, ended: readonly Ended[]): Promise<{ free: string[]; doomed: EndingRequest[] }> {
    const waiters = await sql.rows(SETTLE, [JSON.stringify(ended)]);
    if (waiters.length === 0) return { free: [], doomed: [] };
    const keys = [arrayOf(waiters.map(({ key }) => key as string)), arrayOf(ended.map(({ key }) => key))];
    const free = new Set<string>();
    const doomed = new Map<string, EndingRequest>();
    for (const row of await sql.rows(BLOCKED, keys)) {
      const [waiter, end] = [row.key as string, row.ended as End];
      const effect = effectOf(row.needs as Need, end);
      const isLast = Number(row.open) === 0;
      if (effect === 'free' || (effect === 'met' && isLast)) free.add(waiter);
      else if (effect === 'cancel' || (effect === 'lapsed' && isLast)) {
        const reason = whyUnblockable(effect, fromStored(row.id as string), end);
        if (!doomed.has(waiter)) doomed.set(waiter, cancellationOf(row, reason));
      }
    }
    return { free: [...free].filter((key) => !doomed.has(key)), doomed: [...doomed.values()] };
  }

  /** For jobs that wait for some that were there before them, and may have ended: those will not say so again. */
  async #catchUp(sql: Sql, keys: readonly string[]): Promise<readonly InLane[]> {
    const live = new Set((await sql.rows(MARK_AWAITED, [arrayOf(keys)])).map(({ key }) => key));
    const gone = keys.filter((key) => !live.has(key));
    const rows = gone.length === 0 ? [] : await sql.rows(ENDED_BEFORE, [arrayOf(gone)]);
    const found = new Map(rows.map((row) => [row.key, endedOf(row)]));
    // Of one that is gone nobody knows how it ended.
    return this.tellEnds(
      sql,
      gone.map((key) => found.get(key) ?? { key, ended: 'cancelled', result: null }),
    );
  }
}

function edgeRow(waiter: string, position: number, awaited: string, needs: Need) {
  const dependency = jobKeyOf(awaited);
  return {
    ...{ waiter: jobKeyOf(waiter), dependency, position, needs, awaited },
    ...(dependency === awaited ? {} : { id: toStored(awaited) }),
  };
}

function endedOf(row: SqlRow): Ended {
  return { key: row.key as string, ended: stateOf(row) as End, result: row.result as string | null };
}

function cancellationOf(row: SqlRow, cancelReason: string): EndingRequest {
  const { attempt, stalls } = row as unknown as { attempt: number; stalls: number };
  const job = { policy: fromStored(row.policy as string), cancelReason };
  const settlement = honourCancel({ state: 'ready', attempt, stalls }, job);
  if (!isEnding(settlement)) throw new Error('A job that is to be cancelled would wait');
  return endingRequest(row.key as string, row.token as number, settlement, STATE.blocked);
}
