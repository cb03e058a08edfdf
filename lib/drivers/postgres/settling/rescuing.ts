import { decodePolicy } from '../../../core/policy.js';
import { settleStall } from '../../../core/settlement.js';
import type { Rescued } from '../../../storage/claims.js';
import type { Announcing } from '../signals/announcing.js';
import type { Database } from '../connection/database.js';
import type { Flows } from './flows.js';
import { idOf } from '../jobs/job-row.js';
import type { InLane, Lanes } from '../jobs/lanes.js';
import { policyOf } from '../jobs/policies.js';
import { LAPSED, STATE } from '../schema/schema.js';
import { endingRequest, isEnding, waitingRequest, type EndingRequest } from './settlement-request.js';
import { jobOf } from './settling.js';
import { WAIT } from './settling.sql.js';
import type { Sql, SqlRow } from '../connection/sql.js';
import { fromStored } from '../connection/stored-text.js';

const HAS_STALLED = `select 1 from jobs.job where state = 3 and lease_until <= (select jobs.clock_1()) limit 1`;
// Rows that somebody else writes at this moment are passed by: a heartbeat or a completion is worth more than a rescue.
const STALLED = `
  select key, id, lane, token, ${policyOf('job')} as policy, cancel_reason, attempt, stalls, stalled_at, (select jobs.clock_1()) as now
  from jobs.job where state = 3 and lease_until <= (select jobs.clock_1())
  order by lease_until limit $1::integer for no key update skip locked`;
// Jobs that nobody took in time, in each state that such can have.
const EXPIRED = `
  from (values (0::smallint), (1::smallint), (${STATE.blocked}::smallint), (${LAPSED}::smallint)) as waiting (state)
  cross join lateral (
    select seq from jobs.job
    where (job.state, expires_at) >= (waiting.state, 0) and (job.state, expires_at) <= (waiting.state, (select jobs.clock_1()))
      and expires_at is not null
    order by job.state, expires_at limit $1::integer) late`;
const HAS_EXPIRED = `select 1 ${EXPIRED} limit 1`;
const EXPIRED_JOBS = `
  select key, id, lane, token, state, edges, ${policyOf('job')} as policy
  from jobs.job where seq = any(array(select seq ${EXPIRED} limit $1::integer))
    and expires_at <= (select jobs.clock_1()) for no key update skip locked`;

/** What a sweep did in one transaction, and the lanes of jobs that are free by that. */
interface Swept {
  readonly rescued: readonly Rescued[];
  readonly lanes: readonly InLane[];
}

/** Settles runs that nothing was heard of, and jobs that nobody took in time. */
export class Rescuing {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #flows: Flows;
  readonly #announcing: Announcing;
  /** Whose sums these are. */
  readonly #shard: number;

  constructor(database: Database, lanes: Lanes, flows: Flows, announcing: Announcing, shard: number) {
    this.#database = database;
    this.#lanes = lanes;
    this.#flows = flows;
    this.#announcing = announcing;
    this.#shard = shard;
  }

  async rescue(limit: number, maxStalls: number): Promise<readonly Rescued[]> {
    const expired = await this.#sweep(HAS_EXPIRED, [1], (sql) => this.#expire(sql, limit));
    const stalled = await this.#sweep(HAS_STALLED, [], (sql) => this.#rescueIn(sql, limit, maxStalls));
    // Also where a job has died: in a queue that is limited its place is free.
    const queues = stalled.rescued.map(({ queue }) => queue);
    const free = await this.#lanes.queuesOf(this.#database, [...expired.lanes, ...stalled.lanes]);
    this.#announcing.tell({ ready: [...new Set([...queues, ...free])] });
    return [...expired.rescued, ...stalled.rescued];
  }

  /** Most sweeps find nothing, and cost one question. */
  async #sweep(
    question: string,
    values: readonly number[],
    work: (sql: Sql) => Promise<Swept>,
  ): Promise<Swept> {
    const isDue = (await this.#database.rows(question, values)).length > 0;
    return isDue ? this.#database.transaction(work) : { rescued: [], lanes: [] };
  }

  async #expire(sql: Sql, limit: number): Promise<Swept> {
    const how = { stalls: 0, state: 'dead', reason: 'expired' } as const;
    const ended: SqlRow[] = [];
    const lanes: InLane[] = [];
    let isMore = true;
    while (isMore && ended.length < limit) {
      const rows = await sql.rows(EXPIRED_JOBS, [limit - ended.length]);
      await this.#lanes.learn(sql, rows);
      const alone = rows.filter(({ edges }) => edges === null);
      lanes.push(...(await this.#flows.end(sql, alone.map(expiryOf))).lanes);
      ended.push(...alone);
      const tied = rows.filter(({ edges }) => edges !== null);
      // One after the other: the end of one may have the next cancelled, or free, and then it is too late for that one.
      for (const row of tied) {
        const told = await this.#flows.end(sql, [expiryOf(row)]);
        if (told.leases.length > 0) ended.push(row);
        lanes.push(...told.lanes);
      }
      isMore = tied.length > 0;
    }
    return { rescued: ended.map((row) => ({ ...this.#namesOf(row), ...how })), lanes };
  }

  async #rescueIn(sql: Sql, limit: number, maxStalls: number): Promise<Swept> {
    const rows = await sql.rows(STALLED, [limit]);
    await this.#lanes.learn(sql, rows);
    const endings: EndingRequest[] = [];
    const waitings: ReturnType<typeof waitingRequest>[] = [];
    const rescued = rows.map((row): Rescued => {
      const stalledAt = row.stalled_at === null ? undefined : (row.stalled_at as number);
      const settlement = settleStall(jobOf(row), stalledAt, row.now as number, maxStalls);
      const [key, token] = [row.key as string, row.token as number];
      if (isEnding(settlement)) endings.push(endingRequest(key, token, settlement, STATE.running, true));
      else waitings.push(waitingRequest(key, token, settlement, true));
      const { stalls, state } = settlement;
      const job = { ...this.#namesOf(row), stalls, state: state as Rescued['state'] };
      return state === 'dead' ? { ...job, reason: 'stalled' } : job;
    });
    const { lanes } = await this.#flows.end(sql, endings);
    if (waitings.length > 0) await sql.rows(WAIT, [JSON.stringify(waitings), this.#shard]);
    return { rescued, lanes };
  }

  #namesOf(row: SqlRow): Pick<Rescued, 'id' | 'name' | 'queue'> {
    const { queue, name } = this.#lanes.byId(row.lane as number);
    return { id: idOf(row), name, queue };
  }
}

function expiryOf(row: SqlRow): EndingRequest {
  const keep = decodePolicy(fromStored(row.policy as string)).keep.dead;
  const settlement = { state: 'dead', attempt: 0, stalls: 0, reason: 'expired', keep } as const;
  return endingRequest(row.key as string, row.token as number, settlement, row.state as number);
}
