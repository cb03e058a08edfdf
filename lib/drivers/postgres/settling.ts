import type { Lease } from '../../core/job.js';
import { honourCancel, type Settlement } from '../../core/settlement.js';
import type { Completed, Completion, PopRequest, Recorded } from '../../storage/claims.js';
import type { Announcing } from './announcing.js';
import { NOTHING_BEFORE, type Before, type Claiming } from './claiming.js';
import type { Database } from './database.js';
import { Flows } from './flows.js';
import { jobKeyOf } from './job-key.js';
import type { Lanes } from './lanes.js';
import { policyOf } from './policies.js';
import { STATE } from './schema.js';
import {
  endingRequest,
  isEnding,
  waitingRequest,
  type Ending,
  type EndingRequest,
} from './settlement-request.js';
import { COMPLETE_ALIKE, COMPLETE_AWAY, END, ENDED, MOMENT, WAIT } from './settling.sql.js';
import { arrayOf, type Sql, type SqlRow } from './sql.js';
import { fromStored } from './stored-text.js';

const ROUNDS = 3;

const HELD = `
  select key, token, state, ${policyOf('job')} as policy, cancel_reason, attempt, stalls, edges, lost_tokens::text as lost_tokens
  from jobs.job where key = any($1::uuid[])
  union all
  select key, token, state, ${policyOf('ended_job')}, cancel_reason, attempt, stalls, edges, lost_tokens::text
  from jobs.ended_job where key = any($1::uuid[])`;

/** The end of a run, or a lease that is given back where there is no settlement. */
interface Asked {
  readonly key: string;
  readonly token: number;
  readonly settlement: Settlement | undefined;
}

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
    const settled = new Set<Asked>();
    // Before the claim, which should see what comes back at once.
    await this.#wait(first, settled);
    const tied = first.filter((one) => this.#claiming.held.of(nameOf(one))?.isTied === true);
    await this.#endTied(tied, settled);
    const groups = this.#groupsOf(first.filter((one) => !tied.includes(one)));
    const last = next === undefined ? undefined : groups.pop();
    for (const { before, members } of groups) {
      noteEnded(members, await this.#alone(this.#database, before), settled);
    }
    if (next === undefined) {
      const results = await this.#results(asked, first, settled);
      this.#tellOfRoom(first, settled);
      return { results };
    }
    const { popped, ended } = await this.#claiming.popAfter(last?.before ?? NOTHING_BEFORE, next);
    if (last !== undefined) noteEnded(last.members, ended, settled);
    // A token that this very claim gave out was nobody's when the ends were reported.
    const given = new Set(popped.jobs.map(({ id, token }) => `${jobKeyOf(id)}:${token}`));
    const reported = first.filter((one) => settled.has(one) || !given.has(nameOf(one)));
    const results = await this.#results(asked, reported, settled);
    this.#tellOfRoom(first, settled);
    return { results, popped };
  }

  async release(leases: readonly Lease[]): Promise<readonly Recorded[]> {
    const asked = leases.map((lease) => askedOf(lease, undefined));
    const first = firstOfEach(asked);
    const settled = new Set<Asked>();
    await this.#wait(first, settled);
    return this.#results(asked, first, settled);
  }

  /** Has those wait that should, and tells whoever waits for them. */
  async #wait(asked: readonly Asked[], settled: Set<Asked>): Promise<void> {
    const requests = asked.flatMap(({ key, token, settlement }) =>
      settlement === undefined || !isEnding(settlement) ? [waitingRequest(key, token, settlement)] : [],
    );
    if (requests.length === 0) return;
    const rows = await this.#database.rows(WAIT, [JSON.stringify(requests), this.#shard]);
    const leases = new Set(rows.map(({ lease }) => lease));
    for (const one of asked) if (leases.has(nameOf(one))) settled.add(one);
    this.#announcing.tell({ ready: await this.#lanes.queuesOf(this.#database, rows) });
  }

  /** Where ends make room, others may wait for it. */
  #tellOfRoom(asked: readonly Asked[], settled: ReadonlySet<Asked>): void {
    const queues = new Set<string>();
    for (const one of asked) {
      const bounded = this.#claiming.held.of(nameOf(one))?.bounded;
      if (bounded !== undefined && settled.has(one)) queues.add(bounded);
      this.#claiming.held.forget(nameOf(one));
    }
    this.#announcing.tell({ ready: [...queues] });
  }

  /** Ends runs of jobs that have to do with others. */
  async #endTied(asked: readonly Asked[], settled: Set<Asked>): Promise<void> {
    const requests = asked.flatMap(({ key, token, settlement }) =>
      settlement !== undefined && isEnding(settlement)
        ? [endingRequest(key, token, settlement, STATE.running)]
        : [],
    );
    if (requests.length === 0) return;
    const { leases, lanes } = await this.#database.transaction((sql) => this.#flows.end(sql, requests));
    const ended = new Set(leases);
    for (const one of asked) if (ended.has(nameOf(one))) settled.add(one);
    this.#announcing.tell({ ready: await this.#lanes.queuesOf(this.#database, lanes) });
  }

  /** The endings, put together as far as they can share a statement. */
  #groupsOf(asked: readonly Asked[]): { before: Before; members: readonly Asked[] }[] {
    const alike = new Map<string, { readonly settlement: Ending; readonly members: Asked[] }>();
    const others: Asked[] = [];
    for (const one of asked) {
      const { settlement } = one;
      if (settlement === undefined || !isEnding(settlement)) continue;
      const isPlain = settlement.state === 'completed' && settlement.result === undefined;
      if (!isPlain) {
        others.push(one);
        continue;
      }
      const name = settlement.keep === false ? 'away' : `${settlement.attempt} ${settlement.keep}`;
      const group = alike.get(name);
      if (group === undefined) alike.set(name, { settlement, members: [one] });
      else group.members.push(one);
    }
    const groups = [...alike.values()].map(({ settlement, members }) => ({
      before: this.#beforeOfAlike(settlement, members),
      members,
    }));
    if (others.length === 0) return groups;
    const requests = others.map(({ key, token, settlement }) =>
      endingRequest(key, token, settlement as Ending, STATE.running),
    );
    return [{ before: this.#beforeOf(requests), members: others }, ...groups];
  }

  #beforeOfAlike({ attempt, keep }: Ending, members: readonly Asked[]): Before {
    const keys = arrayOf(members.map(({ key }) => key));
    const tokens = arrayOf(members.map(({ token }) => token));
    const values = [keys, tokens, this.#shard];
    return keep === false
      ? {
          ...{ kind: 'away', tables: `${COMPLETE_AWAY},`, ended: ENDED('$4') },
          values: [...values, members.length],
        }
      : {
          ...{ kind: 'alike', tables: `${COMPLETE_ALIKE},`, ended: ENDED('$6') },
          values: [...values, attempt, Math.ceil(keep), members.length],
        };
  }

  #beforeOf(requests: readonly EndingRequest[]): Before {
    return {
      ...{ kind: 'end', tables: `${END},`, ended: ENDED('$3') },
      values: [JSON.stringify(requests), this.#shard, requests.length],
    };
  }

  async #alone(sql: Sql, { tables, ended, values }: Before): Promise<string | undefined> {
    const [row] = await sql.rows(`with ${MOMENT}, ${tables.slice(0, -1)} select ${ended} as ended`, values);
    return (row?.ended as string | null | undefined) ?? undefined;
  }

  async #results(asked: readonly Asked[], first: readonly Asked[], settled: Set<Asked>): Promise<Recorded[]> {
    const answers = new Map<string, Recorded>();
    let open = first.filter((one) => !settled.has(one));
    for (let round = 0; open.length > 0 && round < ROUNDS; round += 1) {
      open = await this.#lookAgain(open, answers, settled);
    }
    for (const one of first) if (settled.has(one)) answers.set(nameOf(one), 'recorded');
    return asked.map((one) => answers.get(nameOf(one)) ?? 'lost');
  }

  /**
   * What is to be said of leases whose end was not written. Those that hold still, since somebody asked their job to
   * end, are settled as the core decides; those that could not be are returned.
   */
  async #lookAgain(
    open: readonly Asked[],
    answers: Map<string, Recorded>,
    settled: Set<Asked>,
  ): Promise<Asked[]> {
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
    const done = new Set<Asked>();
    await this.#wait(held, done);
    const tied = held.filter(({ key }) => found.get(key)?.edges !== null);
    await this.#endTied(tied, done);
    for (const { before, members } of this.#groupsOf(held.filter((one) => !tied.includes(one)))) {
      noteEnded(members, await this.#alone(this.#database, before), done);
    }
    const names = new Set([...done].map(nameOf));
    for (const one of open) if (names.has(nameOf(one))) settled.add(one);
    return open.filter((one) => !settled.has(one) && !answers.has(nameOf(one)));
  }
}

function askedOf({ id, token }: Lease, settlement: Settlement | undefined): Asked {
  return { key: jobKeyOf(id), token, settlement };
}

function nameOf({ key, token }: Asked): string {
  return `${key}:${token}`;
}

/** Should one lease be settled twice in a call, the first stands. */
function firstOfEach(asked: readonly Asked[]): Asked[] {
  const first = new Map<string, Asked>();
  for (const one of asked) if (!first.has(nameOf(one))) first.set(nameOf(one), one);
  return [...first.values()];
}

/** `ended`: the leases whose end was written, where those are not all. */
function noteEnded(members: readonly Asked[], ended: string | undefined, settled: Set<Asked>): void {
  const leases = ended === undefined ? undefined : new Set(listOf(ended));
  for (const one of members) if (leases === undefined || leases.has(nameOf(one))) settled.add(one);
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
