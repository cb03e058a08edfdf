import type { Lease } from '../../../core/job.js';
import { honourCancel, type Settlement } from '../../../core/settlement.js';
import type { Completed, Completion, PopRequest, Recorded } from '../../../storage/claims.js';
import type { Announcing } from '../signals/announcing.js';
import { NOTHING_BEFORE, type Before, type Claiming } from '../claiming/claiming.js';
import type { Database } from '../connection/database.js';
import { groupEnds, type Asked } from './end-groups.js';
import { Flows } from './flows.js';
import { jobKeyOf } from '../jobs/job-key.js';
import type { Lanes } from '../jobs/lanes.js';
import { policyOf } from '../jobs/policies.js';
import { STATE } from '../schema/schema.js';
import { endingRequest, isEnding, waitingRequest } from './settlement-request.js';
import { MOMENT } from '../schema/moment.sql.js';
import { WAIT } from './settling.sql.js';
import { arrayOf, type Sql, type SqlRow } from '../connection/sql.js';
import { fromStored } from '../connection/stored-text.js';

const ROUNDS = 3;

const HELD = `
  select key, token, state, ${policyOf('job')} as policy, cancel_reason, attempt, stalls, edges, lost_tokens::text as lost_tokens
  from jobs.job where key = any($1::uuid[])
  union all
  select key, token, state, ${policyOf('ended_job')}, cancel_reason, attempt, stalls, edges, lost_tokens::text
  from jobs.ended_job where key = any($1::uuid[])`;

/** Ends runs by what their runner says of them. */
export class Settling {
  readonly #database: Pick<Database, 'rows' | 'transaction'>;
  readonly #lanes: Lanes;
  readonly #claiming: Claiming;
  readonly #announcing: Pick<Announcing, 'tell'>;
  /** Whose sums these are: processes that share one would wait for each other's commits. */
  readonly #shard: number;
  readonly #flows: Flows;

  constructor(
    database: Pick<Database, 'rows' | 'transaction'>,
    lanes: Lanes,
    claiming: Claiming,
    announcing: Pick<Announcing, 'tell'>,
    shard: number,
  ) {
    this.#database = database;
    this.#lanes = lanes;
    this.#claiming = claiming;
    this.#announcing = announcing;
    this.#shard = shard;
    this.#flows = new Flows(shard);
  }

  async complete(completions: readonly Completion[], next?: PopRequest): Promise<Completed> {
    const asked = completions.map(({ lease, settlement }) => askedOf(lease, settlement));
    const first = firstOfEach(asked);
    const answers = new Map<string, Recorded>();
    // Before the claim, which should see what comes back at once, and the room that a job leaves which was asked to end.
    await this.#wait(first);
    const left = next === undefined ? [] : first.filter((one) => !one.isSettled && !isEndingOf(one));
    if (left.length > 0) await this.#lookAgain(left, answers);
    const tied = this.#tiedOf(first);
    await this.#endTied(tied);
    const untied = tied.length === 0 ? first : first.filter((one) => !tied.includes(one));
    const groups = groupEnds(untied, this.#shard);
    const last = next === undefined ? undefined : groups.pop();
    for (const { before, members } of groups) {
      noteEnded(members, await this.#alone(this.#database, before));
    }
    if (next === undefined) {
      const results = await this.#results(asked, first, answers);
      this.#tellOfRoom(first);
      return { results };
    }
    const { popped, ended } = await this.#claiming.popAfter(last?.before ?? NOTHING_BEFORE, next);
    if (last !== undefined) noteEnded(last.members, ended);
    const results = await this.#results(asked, reportedOf(first, popped.jobs), answers);
    this.#tellOfRoom(first);
    return { results, popped };
  }

  async release(leases: readonly Lease[]): Promise<readonly Recorded[]> {
    const asked = leases.map((lease) => askedOf(lease, undefined));
    const first = firstOfEach(asked);
    await this.#wait(first);
    return this.#results(asked, first, new Map());
  }

  #tiedOf(asked: readonly Asked[]): readonly Asked[] {
    const { held } = this.#claiming;
    return held.isEmpty ? [] : asked.filter((one) => held.of(nameOf(one))?.isTied === true);
  }

  /** Has those wait that should, and tells whoever waits for them. */
  async #wait(asked: readonly Asked[]): Promise<void> {
    const requests = asked.flatMap(({ key, token, settlement }) =>
      settlement === undefined || !isEnding(settlement) ? [waitingRequest(key, token, settlement)] : [],
    );
    if (requests.length === 0) return;
    const rows = await this.#database.rows(WAIT, [JSON.stringify(requests), this.#shard]);
    const leases = new Set(rows.map(({ lease }) => lease));
    for (const one of asked) if (leases.has(nameOf(one))) one.isSettled = true;
    this.#announcing.tell({ ready: await this.#lanes.queuesOf(this.#database, rows) });
  }

  /** Where ends make room, others may wait for it. */
  #tellOfRoom(asked: readonly Asked[]): void {
    const { held } = this.#claiming;
    if (held.isEmpty) return;
    const queues = new Set<string>();
    for (const one of asked) {
      const bounded = held.of(nameOf(one))?.bounded;
      if (bounded !== undefined && one.isSettled) queues.add(bounded);
      held.forget(nameOf(one));
    }
    this.#announcing.tell({ ready: [...queues] });
  }

  /** Ends runs of jobs that have to do with others. */
  async #endTied(asked: readonly Asked[]): Promise<void> {
    const requests = asked.flatMap(({ key, token, settlement }) =>
      settlement !== undefined && isEnding(settlement)
        ? [endingRequest(key, token, settlement, STATE.running)]
        : [],
    );
    if (requests.length === 0) return;
    const { leases, lanes } = await this.#database.transaction((sql) => this.#flows.end(sql, requests));
    const ended = new Set(leases);
    for (const one of asked) if (ended.has(nameOf(one))) one.isSettled = true;
    this.#announcing.tell({ ready: await this.#lanes.queuesOf(this.#database, lanes) });
  }

  async #alone(sql: Sql, { tables, ended, values }: Before): Promise<string | undefined> {
    const [row] = await sql.rows(`with ${MOMENT}, ${tables.slice(0, -1)} select ${ended} as ended`, values);
    return (row?.ended as string | null | undefined) ?? undefined;
  }

  /** `answers`: what is known already, by lease. */
  async #results(
    asked: readonly Asked[],
    first: readonly Asked[],
    answers: Map<string, Recorded>,
  ): Promise<Recorded[]> {
    let open = first.filter((one) => !one.isSettled && !answers.has(nameOf(one)));
    if (open.length === 0 && answers.size === 0 && first.length === asked.length)
      return asked.map(() => 'recorded');
    for (let round = 0; open.length > 0 && round < ROUNDS; round += 1) {
      open = await this.#lookAgain(open, answers);
    }
    for (const one of first) if (one.isSettled) answers.set(nameOf(one), 'recorded');
    return asked.map((one) => answers.get(nameOf(one)) ?? 'lost');
  }

  /**
   * What is to be said of leases whose end was not written. Those that hold still, since somebody asked their job to
   * end, are settled as the core decides; those that could not be are returned.
   */
  async #lookAgain(open: readonly Asked[], answers: Map<string, Recorded>): Promise<Asked[]> {
    const rows = await this.#database.rows(HELD, [arrayOf(open.map(({ key }) => key))]);
    const found = new Map(rows.map((row) => [row.key as string, row]));
    const held: Asked[] = [];
    for (const one of open) {
      const row = found.get(one.key);
      if (row === undefined || row.state !== STATE.running || row.token !== one.token) {
        answers.set(nameOf(one), answerAgain(row, one.token));
        continue;
      }
      const job = jobOf(row);
      const given = one.settlement ?? { state: 'ready', attempt: job.attempt, stalls: job.stalls };
      held.push({ ...one, settlement: honourCancel(given, job) });
    }
    if (held.length === 0) return [];
    await this.#wait(held);
    const tied = held.filter(({ key }) => found.get(key)?.edges !== null);
    await this.#endTied(tied);
    const untied = held.filter((one) => !tied.includes(one));
    for (const { before, members } of groupEnds(untied, this.#shard)) {
      noteEnded(members, await this.#alone(this.#database, before));
    }
    const names = new Set(held.filter(({ isSettled }) => isSettled).map(nameOf));
    for (const one of open) if (names.has(nameOf(one))) one.isSettled = true;
    return open.filter((one) => !one.isSettled && !answers.has(nameOf(one)));
  }
}

function askedOf({ id, token }: Lease, settlement: Settlement | undefined): Asked {
  return { key: jobKeyOf(id), token, settlement, isSettled: false };
}

function isEndingOf({ settlement }: Asked): boolean {
  return settlement !== undefined && isEnding(settlement);
}

function nameOf({ key, token }: Asked): string {
  return `${key}:${token}`;
}

/** Should one lease be settled twice in a call, the first stands. */
function firstOfEach(asked: readonly Asked[]): readonly Asked[] {
  if (new Set(asked.map(({ key }) => key)).size === asked.length) return asked;
  const first = new Map<string, Asked>();
  for (const one of asked) if (!first.has(nameOf(one))) first.set(nameOf(one), one);
  return [...first.values()];
}

/** A token that this very claim gave out was nobody's when the ends were reported. */
function reportedOf(asked: readonly Asked[], popped: readonly Lease[]): readonly Asked[] {
  if (popped.length === 0 || asked.every(({ isSettled }) => isSettled)) return asked;
  const given = new Set(popped.map(({ id, token }) => `${jobKeyOf(id)}:${token}`));
  return asked.filter((one) => one.isSettled || !given.has(nameOf(one)));
}

/** `ended`: the leases whose end was written, where those are not all. */
function noteEnded(members: readonly Asked[], ended: string | undefined): void {
  const leases = ended === undefined ? undefined : new Set(listOf(ended));
  for (const one of members) if (leases === undefined || leases.has(nameOf(one))) one.isSettled = true;
}

/** A lease that holds no more was settled, and that stands, or it was lost. */
function answerAgain(row: SqlRow | undefined, token: number): Recorded {
  if (row === undefined) return 'gone';
  const wasLeased = token >= 1 && token <= (row.token as number);
  const isHeldStill = row.state === STATE.running && row.token === token;
  const lost = row.lost_tokens === null ? [] : listOf(row.lost_tokens as string);
  return wasLeased && !isHeldStill && !lost.includes(String(token)) ? 'recorded' : 'lost';
}

/** What the core asks of a row's job. */
export function jobOf(row: SqlRow): {
  policy: string;
  attempt: number;
  stalls: number;
  cancelReason?: string;
} {
  return {
    policy: fromStored(row.policy as string),
    attempt: row.attempt as number,
    stalls: row.stalls as number,
    ...(row.cancel_reason === null ? {} : { cancelReason: fromStored(row.cancel_reason as string) }),
  };
}

/** The elements of an array of numbers or UUIDs, in PostgreSQL's text. */
function listOf(array: string): string[] {
  return array === '{}' ? [] : array.slice(1, -1).split(',');
}
