import type { LeasedJob } from '../../../core/job.js';
import type { Popped, PopRequest, QueueDemand } from '../../../storage/claims.js';
import { armsFor, claimParts } from './claim-statement.js';
import type { Database } from '../connection/database.js';
import type { GovernedClaiming } from '../groups/governed-claiming.js';
import type { HeldJobs } from '../jobs/held-jobs.js';
import { keyOf } from '../jobs/job-key.js';
import { extraOf, LEASED_COLUMNS, leasedJobOf } from '../jobs/job-row.js';
import type { Lane, Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { LAPSED } from '../schema/schema.js';
import { MOMENT } from '../schema/moment.sql.js';
import { arrayOf, type SqlRow, type SqlValue } from '../connection/sql.js';
import { toStored } from '../connection/stored-text.js';

const PROMOTED_AT_ONCE = 2000;
const PROMOTIONS = 5;

// Whoever comes first promotes a row; others pass it by.
const PROMOTE = `
  update jobs.job set state = case when expires_at <= (select jobs.clock_1()) then ${LAPSED} else 0 end
  where seq = any(array(
    select seq from jobs.job where state in (1, 2) and run_at <= (select jobs.clock_1()) order by run_at limit $1::integer
    for no key update skip locked))
  returning 1`;

// Ready jobs whose time to be taken is over: out of the way, for the sweep to end.
const PUT_ASIDE = `
  update jobs.job set state = ${LAPSED}
  where seq = any(array(
    select seq from jobs.job where (state, expires_at) <= (0::smallint, (select jobs.clock_1())) and expires_at is not null
    order by state, expires_at limit $1::integer for no key update skip locked))
  returning 1`;

// The first row has what there is to know once, as its payload, and the shape of the others.
const [HEAD, REST] = headRow();

/** A part of a statement that is to be done before the claim, with its parameters, which come first. */
export interface Before {
  /** What tells it from others. */
  readonly kind: string;
  /** Common tables, each ending in a comma. */
  readonly tables: string;
  /** The value of what it has to tell. */
  readonly ended: string;
  readonly values: readonly SqlValue[];
}

/** What is told once for a statement: in a row of its own, since every column costs a client for every row. */
interface Head {
  readonly ended?: string | null;
  readonly nextIn: number | null;
  readonly newest: number | null;
  readonly isOpen: boolean;
  readonly hasMore: boolean;
  /** How many it locked: those of them that had just changed were not claimed. */
  readonly locked?: number;
  /** Keys of queues that are not claimed so, since they have limits or groups. */
  readonly governed: readonly string[] | null;
}

/** Nothing is done before a pop. */
export const NOTHING_BEFORE: Before = { kind: '', tables: '', ended: 'null', values: [] };

/** Hands due jobs out. */
export class Claiming {
  readonly held: HeldJobs;
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #governing: GovernedClaiming;
  /** Queues whose claims go one after another, as far as this process knows. The statement knows best. */
  readonly #governed = new Set<string>();
  readonly #texts = new Map<string, string>();

  constructor(
    database: Database,
    lanes: Lanes,
    policies: Policies,
    governing: GovernedClaiming,
    held: HeldJobs,
  ) {
    this.held = held;
    this.#governing = governing;
    this.#database = database;
    this.#lanes = lanes;
    this.#policies = policies;
  }

  async pop(request: PopRequest): Promise<Popped> {
    return (await this.popAfter(NOTHING_BEFORE, request)).popped;
  }

  /** Claims in the same statement as something else. `ended`: what that has to tell. */
  async popAfter(
    before: Before,
    request: PopRequest,
  ): Promise<{ popped: Popped; ended: string | undefined }> {
    const jobs: LeasedJob[] = [];
    const head = await this.#take(before, request, false, jobs);
    const isBehind = (head.newest ?? 0) > this.#lanes.newest;
    let last = head;
    if (!head.isOpen || isBehind) {
      if (isBehind) await this.#lanes.refresh(this.#database);
      if (!head.isOpen) await this.#promote();
      last = await this.#take(NOTHING_BEFORE, lessen(request, jobs), true, jobs);
    }
    const times = [nextInOf(last), ...(await this.#takeGoverned(request, jobs))];
    const known = times.filter((time) => time !== undefined);
    const popped = known.length === 0 ? { jobs } : { jobs, nextIn: Math.max(0, Math.min(...known)) };
    return { popped, ended: head.ended ?? undefined };
  }

  /** Adds what it claims of queues that have limits or groups. Returns in how many milliseconds each may have more. */
  async #takeGoverned(request: PopRequest, jobs: LeasedJob[]): Promise<(number | undefined)[]> {
    const times: (number | undefined)[] = [];
    for (const { queue, limit } of request.queues) {
      if (limit <= 0 || !this.#governed.has(queue)) continue;
      const taken = await this.#governing.take(queue, this.#lanes.known(queue, request), limit, request);
      if (taken.isFree) this.#governed.delete(queue);
      await this.#lanes.learn(this.#database, taken.rows);
      await this.#policies.learn(this.#database, taken.rows);
      for (const row of taken.rows) jobs.push(this.#jobOf(row, taken.isBounded ? queue : undefined));
      times.push(taken.nextIn);
    }
    return times;
  }

  /** Adds what it claims to the jobs. */
  async #take(before: Before, request: PopRequest, force: boolean, jobs: LeasedJob[]): Promise<Head> {
    const asked = request.queues
      .filter(({ queue, limit }) => limit > 0 && !this.#governed.has(queue))
      .map(({ queue, limit }) => ({ queue, limit, lanes: this.#lanes.known(queue, request) }))
      .filter(({ lanes }) => lanes.length > 0);
    const shape = asked.map(({ lanes }) => armsFor(lanes.length));
    const values: SqlValue[] = [...before.values, force];
    if (asked.length > 0) values.push(toStored(request.runner), request.lease);
    for (const [index, { queue, limit, lanes }] of asked.entries()) {
      values.push(this.#queueKey(queue), limit, listOf(lanes, shape[index] ?? 1));
    }
    const rows = await this.#database.rows(this.#text(before, shape), values);
    const taken = rows.slice(1);
    await this.#lanes.learn(this.#database, taken);
    await this.#policies.learn(this.#database, taken);
    const head = JSON.parse(rows[0]?.payload as string) as Head;
    for (const { queue } of asked)
      if (head.governed?.includes(this.#queueKey(queue)) === true) this.#governed.add(queue);
    let hasMore = head.hasMore || taken.length < (head.locked ?? 0);
    for (const { queue, limit } of asked) {
      const ofQueue = asked.length === 1 ? taken : taken.filter((row) => this.#laneOf(row).queue === queue);
      // All that were asked for: there may be more. Fewer, though more were seen: rivals took those.
      hasMore = ofQueue.length === limit || (hasMore && ofQueue.length < limit);
      for (const row of ofQueue.toSorted(inOrder)) jobs.push(this.#jobOf(row));
    }
    return { ...head, hasMore };
  }

  /** `bounded`: its queue, where others may wait for its end. */
  #jobOf(row: SqlRow, bounded?: string): LeasedJob {
    const isTied = row.extra !== null && extraOf(row)?.edges !== null;
    if (isTied || bounded !== undefined)
      this.held.remember(`${row.key as string}:${row.token as number}`, { isTied, bounded });
    return leasedJobOf(row, this.#laneOf(row), this.#policies.textOf(row.policy as string));
  }

  #laneOf(row: SqlRow): Lane {
    return this.#lanes.byId(row.lane as number);
  }

  async #promote(): Promise<void> {
    for (let round = 0; round < PROMOTIONS; round += 1) {
      const aside = await this.#database.rows(PUT_ASIDE, [PROMOTED_AT_ONCE]);
      const promoted = await this.#database.rows(PROMOTE, [PROMOTED_AT_ONCE]);
      if (Math.max(aside.length, promoted.length) < PROMOTED_AT_ONCE) return;
    }
  }

  #text(before: Before, shape: readonly number[]): string {
    const name = `${before.kind} ${shape.join(' ')}`;
    let text = this.#texts.get(name);
    if (text !== undefined) return text;
    const { tables, head, taken } = claimParts(shape, before.values.length + 1);
    text = `with ${MOMENT}, ${before.tables} ${tables} ${HEAD} json_build_object('ended', ${before.ended}, ${head})::text${REST} from moment
      ${taken === undefined ? '' : `union all ${taken}`}`;
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

function nextInOf({ nextIn, hasMore }: Head): number | undefined {
  return hasMore ? 0 : (nextIn ?? undefined);
}

/** One lane as it is; several as an array, filled up with lanes that no job has. */
function listOf(lanes: readonly Lane[], arms: number): SqlValue {
  if (arms === 1) return lanes[0]?.id ?? 0;
  const ids = lanes.map(({ id }) => id);
  return arrayOf([...ids, ...Array.from({ length: Math.max(0, arms - ids.length) }, () => 0)]);
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

function headRow(): readonly [start: string, end: string] {
  const nulls = LEASED_COLUMNS.map((column) => (column === 'key' ? 'null::uuid' : 'null'));
  const at = LEASED_COLUMNS.indexOf('payload');
  const named = nulls.map((value, index) => `${value} as ${LEASED_COLUMNS[index]}`);
  return [`select ${named.slice(0, at).join(', ')},`, ` as payload, ${named.slice(at + 1).join(', ')}`];
}

function inOrder(a: SqlRow, b: SqlRow): number {
  return rankOf(a) - rankOf(b) || placeOf(a) - placeOf(b) || Number(a.seq) - Number(b.seq);
}

/** As the index has it: see `RANK`. */
function rankOf(row: SqlRow): number {
  return (ageingOf(row) ?? -1) < 0 ? (row.priority as number) : 0;
}

/** As the index has it: see `PLACE`. */
function placeOf(row: SqlRow): number {
  const ageing = ageingOf(row);
  if (ageing === undefined) return row.run_at as number;
  return ageing < 0 ? -(row.seq as number) : (row.run_at as number) + (row.priority as number) * ageing;
}

function ageingOf(row: SqlRow): number | undefined {
  return row.extra === null ? undefined : (extraOf(row)?.ageing ?? undefined);
}
