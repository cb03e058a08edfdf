import type { PopRequest } from '../../../storage/claims.js';
import type { QueueLimits } from '../../../storage/inspection.js';
import { roomOf, startsOf, storedStarts, type Bounds, type Room } from '../../../storage/queue-room.js';
import { claimThese } from '../claiming/claim-statement.js';
import type { Database } from '../connection/database.js';
import { mayBeMore, takeTurns, type Candidate } from './group-turns.js';
import { LOOKED_AT_ONCE, MOST_NOTED } from '../schema/governed-functions.sql.js';
import {
  isChange,
  lineUp,
  NO_CHANGES,
  roomOfGroup,
  type GroupStanding,
  type HeldQueue,
  type LineChanges,
  type LookedAt,
} from './group-line.js';
import { keyOf } from '../jobs/job-key.js';
import type { Lane } from '../jobs/lanes.js';
import { arrayOf, literal, type Sql, type SqlRow } from '../connection/sql.js';
import { toStored } from '../connection/stored-text.js';

const HOLD = (queue: string, lanes: string, want: number) =>
  `select jobs.hold_1(${literal(queue)}, ${literal(lanes)}, ${Math.trunc(want)}) as held`;
const FIND = `
  select id, turn, starts, is_paused, running, seqs, next_look from jobs.find_1(
    $1::integer[], $2::integer[], $3::text::json, $4::integer[], $5::integer[], $6::bigint[],
    $7::uuid, $8::integer[], $9::integer, $10::bigint, $11::integer, $12::boolean)`;
/** What is written of the turns: parameters from `first` on. */
const turnsFrom = (first: number) => `
  turned as (
    update jobs.line set turn = x.turn from unnest($${first}::integer[], $${first + 1}::bigint[]) as x (grp, turn)
    where line.grp = x.grp),
  started as (
    update jobs.job_group set starts = x.starts from json_to_recordset($${first + 2}::text::json) as x(id integer, starts text)
    where job_group.id = x.id),
  counted as (
    update jobs.queue set turn = $${first + 4}::bigint, turns = $${first + 5}::bigint, starts = $${first + 6}::text
    where key = $${first + 3}::uuid)`;
const CLAIM = claimThese();
const REMEMBER = `with ${turnsFrom(1)} select 1 as done`;
/** Both at once, where what is remembered does not depend on how many were claimed. */
const CLAIM_AND_REMEMBER = claimThese(turnsFrom(5));

/** What `hold_1` tells. */
interface Held {
  readonly queue: {
    readonly limits: QueueLimits | null;
    readonly starts: string | null;
    readonly turn: number;
    readonly turns: number;
    readonly has_groups: boolean;
    readonly is_governed: boolean;
    readonly is_paused: boolean;
  };
  readonly now: number;
  readonly running: number;
  readonly noted: number;
  readonly due: number;
  readonly seqs: readonly number[] | null;
  readonly groups: readonly LookedAt[] | null;
}

/** What a claim took. `nextIn` as in `Popped`. */
export interface Taken {
  readonly rows: readonly SqlRow[];
  readonly nextIn?: number;
  /** Set where others may wait for the end of what was taken. */
  readonly isBounded: boolean;
  /** Nothing keeps the queue from being claimed side by side any more. */
  readonly isFree: boolean;
}

const NOTHING: Taken = { rows: [], isBounded: false, isFree: false };

/**
 * Hands out the jobs of queues that have limits or groups. One claim after another: each holds the row of its queue, and counts
 * in statements that begin only then, so that what it counts is so until it is committed. Others wait for as long as it
 * takes, so it takes few round trips: hold, find where there are groups, claim, commit.
 */
export class GovernedClaiming {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  take(queue: string, lanes: readonly Lane[], want: number, request: PopRequest): Promise<Taken> {
    const key = keyOf(queue);
    const ids = arrayOf(lanes.map(({ id }) => id));
    return this.#database.transactionAfter(HOLD(key, ids, want), async (sql, [opened]) => {
      const text = opened?.held as string | null | undefined;
      if (text === null || text === undefined) return { ...NOTHING, isFree: true };
      const held = JSON.parse(text) as Held;
      if (held.queue.is_paused) return NOTHING;
      const taken = await new GovernedClaim(sql, key, ids, held, request).take(want);
      return { ...taken, isFree: !held.queue.is_governed };
    });
  }
}

/** One claim, which holds its queue. */
class GovernedClaim {
  readonly #sql: Sql;
  readonly #queue: HeldQueue;
  /** As PostgreSQL writes a list of numbers. */
  readonly #lanes: string;
  readonly #held: Held;
  readonly #request: PopRequest;
  /** To be written with the next question. */
  #changes: LineChanges;
  /** When the time alone will let a job of some group start; undefined until that was asked for. */
  #nextLook: number | null | undefined;

  constructor(sql: Sql, key: string, lanes: string, held: Held, request: PopRequest) {
    this.#sql = sql;
    this.#queue = heldQueue(key, held);
    this.#lanes = lanes;
    this.#held = held;
    this.#request = request;
    this.#changes = lineUp(this.#queue, held.groups ?? [], held.now);
  }

  async take(want: number): Promise<Omit<Taken, 'isFree'>> {
    const { now, running, queue: stored } = this.#held;
    const { bounds, groupBounds, hasGroups } = this.#queue;
    const isBounded = bounds.concurrency !== undefined || groupBounds.concurrency !== undefined;
    const starts = startsOf(stored.starts);
    const limit = Math.min(want, roomOf(bounds, running, starts, now).count);
    const rows: SqlRow[] = [];
    const opens: (number | undefined)[] = [];
    let candidates = this.#own();
    for (let isMore = true; isMore && rows.length < limit && this.#lanes !== '{}';) {
      const left = limit - rows.length;
      candidates ??= await this.#find(left);
      const seqs = takeTurns(this.#queue, candidates, left);
      isMore = mayBeMore(candidates, left, seqs.length);
      const taken = await this.#claim(seqs, candidates, rows.length);
      rows.push(...taken);
      for (const { group, starts: before, taken: count, room } of candidates)
        if (group !== undefined && room <= 0) opens.push(opensAfter(groupBounds, before, now, count));
      isMore &&= taken.length > 0;
      candidates = undefined;
    }
    if (isChange(this.#changes)) await this.#find(0);
    // Numbers that were given must not be given again.
    if (rows.length === 0 && this.#hasTurned) await this.#remember([], stored.starts);
    if (rows.length === want || this.#isBehind) return { rows, nextIn: 0, isBounded };
    const after: Room = roomOf(
      bounds,
      running + rows.length,
      startsOf(storedStarts(bounds, starts, now, rows.length)),
      now,
    );
    if (after.count <= 0) opens.splice(0, Infinity, after.opensAt);
    else if (hasGroups) opens.push(await this.#nextLookAt());
    const known = opens.filter((time) => time !== undefined);
    return known.length === 0
      ? { rows, isBounded }
      : { rows, nextIn: Math.max(0, Math.min(...known) - now), isBounded };
  }

  /** There is more to look at than was. */
  get #isBehind(): boolean {
    return this.#held.noted >= MOST_NOTED || this.#held.due === LOOKED_AT_ONCE;
  }

  get #hasTurned(): boolean {
    const { turn, turns } = this.#held.queue;
    return this.#queue.turn !== turn || this.#queue.turns !== turns;
  }

  get #countsStarts(): boolean {
    return (this.#queue.bounds.rate ?? this.#queue.groupBounds.rate) !== undefined;
  }

  /** In queues without groups they came along. */
  #own(): Candidate[] | undefined {
    const { seqs } = this.#held;
    return seqs === null
      ? undefined
      : [{ group: undefined, seqs, starts: null, turn: 0, room: Infinity, taken: 0 }];
  }

  async #find(want: number): Promise<Candidate[]> {
    const { leave, join, looks } = this.#changes;
    const { key, groupBounds, hasGroups } = this.#queue;
    const rows = await this.#sql.rows(FIND, [
      arrayOf(leave.map(({ grp }) => grp)),
      arrayOf(leave.map(({ lane }) => lane)),
      looks.length === 0 ? null : JSON.stringify(looks),
      arrayOf(join.map(({ grp }) => grp)),
      arrayOf(join.map(({ lane }) => lane)),
      arrayOf(join.map(({ turn }) => turn)),
      ...[key, this.#lanes, want, this.#held.now, groupBounds.concurrency ?? 0, hasGroups],
    ]);
    this.#changes = NO_CHANGES;
    this.#nextLook = (rows[0]?.next_look as number | null | undefined) ?? null;
    return rows.map((row): Candidate => {
      const group = (row.id as number | null) ?? undefined;
      const standing = row as unknown as GroupStanding;
      const room = group === undefined ? Infinity : roomOfGroup(standing, groupBounds, this.#held.now).count;
      return {
        ...{ group, seqs: numbersOf(row.seqs), starts: standing.starts, turn: row.turn as number },
        ...{ room, taken: 0 },
      };
    });
  }

  async #nextLookAt(): Promise<number | undefined> {
    if (this.#nextLook === undefined) await this.#find(0);
    return this.#nextLook ?? undefined;
  }

  /** Those that nobody has changed meanwhile, in the order of the numbers. `before`: how many this claim has taken. */
  async #claim(
    seqs: readonly number[],
    candidates: readonly Candidate[],
    before: number,
  ): Promise<readonly SqlRow[]> {
    if (seqs.length === 0) return [];
    const { now, queue } = this.#held;
    const values = [arrayOf(seqs), toStored(this.#request.runner), this.#request.lease, now];
    const rows = this.#countsStarts
      ? await this.#sql.rows(CLAIM, values)
      : await this.#sql.rows(CLAIM_AND_REMEMBER, [...values, ...this.#turns(candidates, null)]);
    if (this.#countsStarts) {
      const starts = storedStarts(this.#queue.bounds, startsOf(queue.starts), now, before + rows.length);
      await this.#remember(candidates, starts);
    }
    const places = new Map(seqs.map((seq, place) => [seq, place]));
    const placeOf = (row: SqlRow) => places.get(row.seq as number) ?? 0;
    return rows.toSorted((a, b) => placeOf(a) - placeOf(b));
  }

  async #remember(candidates: readonly Candidate[], starts: string | null): Promise<void> {
    await this.#sql.rows(REMEMBER, this.#turns(candidates, starts));
  }

  /** The parameters of `turnsFrom`. */
  #turns(candidates: readonly Candidate[], starts: string | null): (string | number | null)[] {
    const { key, turn, turns, groupBounds } = this.#queue;
    const served = candidates.filter(({ group, taken }) => group !== undefined && taken > 0);
    const counted =
      groupBounds.rate === undefined
        ? []
        : served.map(({ group, starts: before, taken }) => ({
            id: group,
            starts: storedStarts(groupBounds, startsOf(before), this.#held.now, taken),
          }));
    return [
      arrayOf(served.map(({ group }) => group as number)),
      arrayOf(served.map((one) => one.turn)),
      JSON.stringify(counted),
      ...[key, turn, turns, starts],
    ];
  }
}

function heldQueue(key: string, { queue }: Held): HeldQueue {
  const { groups = {}, ...bounds } = queue.limits ?? {};
  const { has_groups: hasGroups, turn, turns } = queue;
  return { key, bounds, groupBounds: groups, hasGroups, turn, turns };
}

/** A list of numbers as PostgreSQL writes it. */
function numbersOf(array: unknown): number[] {
  const text = (array as string).slice(1, -1);
  return text === '' ? [] : text.split(',').map(Number);
}

/** When the time alone lets a group start another job, after so many have started now. */
function opensAfter({ rate }: Bounds, starts: string | null, now: number, count: number): number | undefined {
  if (rate === undefined) return undefined;
  return roomOf({ rate }, 0, startsOf(storedStarts({ rate }, startsOf(starts), now, count)), now).opensAt;
}
