import type { LeasedJob } from '../../core/job.js';
import type { Popped, PopRequest, QueueDemand } from '../../storage/claims.js';
import { armsFor, claimParts } from './claim-statement.js';
import type { Database } from './database.js';
import { keyOf } from './job-key.js';
import { leasedJobOf } from './job-row.js';
import type { Lanes } from './lanes.js';
import { MOMENT } from './settling.sql.js';
import { arrayOf, type SqlRow, type SqlValue } from './sql.js';
import { toStored } from './stored-text.js';

const PROMOTED_AT_ONCE = 2000;
const PROMOTIONS = 5;

// Whoever comes first promotes a row; others pass it by.
const PROMOTE = `
  update jobs.job set state = 0
  where seq = any(array(
    select seq from jobs.job where state in (1, 2) and run_at <= (select jobs.clock_1()) order by run_at limit $1::integer
    for no key update skip locked))
  returning 1`;

/** A part of a statement that is to be done before the claim, with its parameters, which come first. */
export interface Before {
  /** What tells it from others. */
  readonly kind: string;
  /** Common tables, each ending in a comma. */
  readonly tables: string;
  /** Columns of the first row, each followed by a comma. */
  readonly columns: string;
  readonly values: readonly SqlValue[];
}

/** Nothing is done before a pop. */
export const NOTHING_BEFORE: Before = { kind: '', tables: '', columns: '', values: [] };

/** Hands due jobs out. */
export class Claiming {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #texts = new Map<string, string>();

  constructor(database: Database, lanes: Lanes) {
    this.#database = database;
    this.#lanes = lanes;
  }

  async pop(request: PopRequest): Promise<Popped> {
    return (await this.popAfter(NOTHING_BEFORE, request)).popped;
  }

  /** Claims in the same statement as something else. `row` has the columns of that. */
  async popAfter(before: Before, request: PopRequest): Promise<{ popped: Popped; row: SqlRow }> {
    const jobs: LeasedJob[] = [];
    const [row, hasMore] = await this.#take(before, request, false, jobs);
    const newest = Number(row.newest ?? 0);
    const isClosed = row.is_open === false;
    const isBehind = newest > this.#lanes.newest;
    if (!isClosed && !isBehind) return { popped: poppedOf(jobs, row, hasMore), row };
    if (isBehind) await this.#lanes.refresh(this.#database);
    if (isClosed) await this.#promote();
    const [again, hasMoreStill] = await this.#take(NOTHING_BEFORE, lessen(request, jobs), true, jobs);
    return { popped: poppedOf(jobs, again, hasMoreStill), row };
  }

  async #take(
    before: Before,
    request: PopRequest,
    force: boolean,
    jobs: LeasedJob[],
  ): Promise<readonly [row: SqlRow, hasMore: boolean]> {
    const asked = request.queues
      .filter(({ limit }) => limit > 0)
      .map(({ queue, limit }) => ({
        queue,
        limit,
        lanes: this.#lanes.known(queue, request).map(({ id }) => id),
      }))
      .filter(({ lanes }) => lanes.length > 0);
    const shape = asked.map(({ lanes }) => armsFor(lanes.length));
    const values: SqlValue[] = [...before.values, force];
    values.push(toStored(request.runner), request.lease);
    for (const [index, { queue, limit, lanes }] of asked.entries()) {
      const padding = Array.from({ length: Math.max(0, (shape[index] ?? 0) - lanes.length) }, () => 0);
      const list = shape[index] === 1 ? (lanes[0] ?? 0) : arrayOf([...lanes, ...padding]);
      values.push(this.#queueKey(queue), limit, list);
    }
    const rows = await this.#database.rows(
      this.#text(before, shape),
      asked.length === 0 ? values.slice(0, before.values.length + 1) : values,
    );
    const head = rows[0] ?? {};
    const taken = rows.filter(({ seq }) => seq !== null && seq !== undefined);
    await this.#lanes.learn(this.#database, taken);
    let hasMore = false;
    for (const { queue, limit } of asked) {
      const ofQueue = taken.filter(({ lane }) => this.#lanes.byId(lane as number).queue === queue);
      hasMore ||= ofQueue.length === limit || (head.has_more === true && ofQueue.length < limit);
      for (const row of ofQueue.toSorted(inOrder)) {
        jobs.push(leasedJobOf(row, this.#lanes.byId(row.lane as number)));
      }
    }
    return [head, hasMore];
  }

  async #promote(): Promise<void> {
    for (let round = 0; round < PROMOTIONS; round += 1) {
      const rows = await this.#database.rows(PROMOTE, [PROMOTED_AT_ONCE]);
      if (rows.length < PROMOTED_AT_ONCE) return;
    }
  }

  #text(before: Before, shape: readonly number[]): string {
    const name = `${before.kind} ${shape.join(' ')}`;
    let text = this.#texts.get(name);
    if (text !== undefined) return text;
    const { tables, columns, source } = claimParts(shape, before.values.length + 1);
    text = `with ${MOMENT}, ${before.tables} ${tables} select ${before.columns} ${columns} from ${source}`;
    this.#texts.set(name, text);
    return text;
  }

  readonly #queueKeys = new Map<string, string>();

  #queueKey(queue: string): string {
    let key = this.#queueKeys.get(queue);
    if (key === undefined) this.#queueKeys.set(queue, (key = keyOf(queue)));
    return key;
  }
}

function poppedOf(jobs: readonly LeasedJob[], { next_in: nextIn }: SqlRow, hasMore: boolean): Popped {
  if (hasMore) return { jobs, nextIn: 0 };
  return nextIn === null || nextIn === undefined ? { jobs } : { jobs, nextIn: Math.max(0, nextIn as number) };
}

/** What is still wanted after some were taken. */
function lessen(request: PopRequest, jobs: readonly LeasedJob[]): PopRequest {
  if (jobs.length === 0) return request;
  const left = ({ queue, limit }: QueueDemand) => ({
    queue,
    limit: limit - jobs.filter((job) => job.queue === queue).length,
  });
  return { ...request, queues: request.queues.map(left) };
}

function inOrder(a: SqlRow, b: SqlRow): number {
  return (
    Number(a.priority) - Number(b.priority) ||
    Number(a.run_at) - Number(b.run_at) ||
    Number(a.seq) - Number(b.seq)
  );
}
