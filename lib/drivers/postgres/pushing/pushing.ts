import type { NewJob, Pushed } from '../../../storage/new-job.js';
import type { Announcing } from '../signals/announcing.js';
import type { Database } from '../connection/database.js';
import type { Flows } from '../settling/flows.js';
import { groupsOf, type GroupTable } from '../groups/group-table.js';
import type { InLane, Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { pushValues } from './push-columns.js';
import { PUSH_PARAMETERS } from '../schema/push-function.sql.js';
import type { Sql, SqlRow } from '../connection/sql.js';
import { fromStored } from '../connection/stored-text.js';

const CALL = `jobs.push_1(${PUSH_PARAMETERS.map((_, index) => `$${index + 1}::text`).join(', ')})`;
const PUSH = `select place, present, replaced_in from ${CALL}`;
// The number of the transaction tells later whether it was committed.
const PUSH_JOINED = `
  select pg_current_xact_id()::text as transaction, place, present, replaced_in
  from (select 1) as one left join ${CALL} on true`;

/** What became of a push within the caller's transaction, should that be committed. */
export interface JoinedPush {
  readonly outcome: PushOutcome;
  /** The number of the transaction. */
  readonly transaction: string;
}

/** What became of a push, and the lanes of jobs that were there before: where some took something over, or are free now. */
export interface PushOutcome {
  readonly pushed: readonly Pushed[];
  readonly changedIn: readonly InLane[];
}

/** Stores new jobs. */
export class Pushing {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #groups: GroupTable;
  readonly #flows: Flows;
  readonly #announcing: Announcing;

  constructor(
    database: Database,
    lanes: Lanes,
    policies: Policies,
    groups: GroupTable,
    flows: Flows,
    announcing: Announcing,
  ) {
    this.#database = database;
    this.#lanes = lanes;
    this.#policies = policies;
    this.#groups = groups;
    this.#flows = flows;
    this.#announcing = announcing;
  }

  async push(jobs: readonly NewJob[]): Promise<readonly Pushed[]> {
    await this.prepare(jobs);
    const isFlow = jobs.some(({ after }) => after !== undefined);
    const outcome = isFlow
      ? await this.#database.transaction((sql) => this.pushIn(sql, jobs))
      : await this.pushIn(this.#database, jobs);
    await this.announce(jobs, outcome);
    return outcome.pushed;
  }

  /** Once it is committed: makes queues known and tells of their jobs. */
  async announce(jobs: readonly NewJob[], { pushed, changedIn }: PushOutcome): Promise<void> {
    // Also of jobs that are due later: whoever sleeps until the next one it knew of must look again.
    const stored = jobs.filter((_, index) => pushed[index]?.duplicate === false);
    const queues = [...new Set(stored.map(({ queue }) => queue))];
    const others = await this.#lanes.queuesOf(this.#database, changedIn);
    this.#announcing.tell({ ready: [...new Set([...queues, ...others])] });
    await this.#lanes.makeKnown(this.#database, queues);
  }

  /** Makes what jobs need that outlasts any transaction. Before `pushIn` and `pushJoined`. */
  async prepare(jobs: readonly NewJob[]): Promise<void> {
    await this.#lanes.ensure(this.#database, jobs);
    await this.#policies.ensure(this.#database, jobs);
    await this.#groups.ensure(groupsOf(jobs));
  }

  async pushIn(sql: Sql, jobs: readonly NewJob[]): Promise<PushOutcome> {
    if (jobs.length === 0) return { pushed: [], changedIn: [] };
    return this.#withFlows(sql, jobs, outcomeOf(jobs, await sql.rows(PUSH, this.#valuesOf(jobs))));
  }

  /** Takes text parameters only: whatever library the caller's transaction is of, it can pass them. */
  async pushJoined(sql: Sql, jobs: readonly NewJob[]): Promise<JoinedPush> {
    const rows = await sql.rows(PUSH_JOINED, this.#valuesOf(jobs));
    const refused = rows.filter(({ place }) => place !== null);
    const outcome = await this.#withFlows(sql, jobs, outcomeOf(jobs, refused));
    return { outcome, transaction: String(rows[0]?.transaction) };
  }

  async #withFlows(sql: Sql, jobs: readonly NewJob[], outcome: PushOutcome): Promise<PushOutcome> {
    if (!jobs.some(({ after }) => after !== undefined)) return outcome;
    const lanes = await this.#flows.add(sql, jobs, outcome.pushed);
    return { ...outcome, changedIn: [...outcome.changedIn, ...lanes] };
  }

  #valuesOf(jobs: readonly NewJob[]): string[] {
    return pushValues(jobs, { lanes: this.#lanes, policies: this.#policies, groups: this.#groups });
  }
}

function outcomeOf(jobs: readonly NewJob[], refused: readonly SqlRow[]): PushOutcome {
  const pushed: Pushed[] = jobs.map(({ id }) => ({ id, duplicate: false }));
  const changedIn: InLane[] = [];
  for (const { place, present, replaced_in: lane } of refused) {
    const found = { id: fromStored(present as string), duplicate: true };
    pushed[Number(place)] = lane === null ? found : { ...found, replaced: true };
    if (lane !== null) changedIn.push({ lane: Number(lane) });
  }
  return { pushed, changedIn };
}
