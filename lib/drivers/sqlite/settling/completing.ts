import type { Lease } from '../../../core/job.js';
import type { Settlement } from '../../../core/settlement.js';
import type { Completion, Recorded } from '../../../storage/claims.js';
import { isAwaited } from '../../../storage/flow-ties.js';
import { bySeqs, changeSeqs } from '../jobs/by-seqs.js';
import { FIND } from '../jobs/found-job.js';
import type { HeldJobs, Place } from '../jobs/held-jobs.js';
import type { Lanes } from '../jobs/lanes.js';
import { removeContents, removeEdges } from '../operating/removing.js';
import { STATE } from '../schema/schema.js';
import { answerAgain, type Settling } from './settling.js';
import type { Transaction } from '../connection/transaction.js';

const PLACE = `
  select seq, lane, grp, edges from jobs_job where seq = (select seq from jobs_content where id = ?)`;
// The token and the state are the whole guard: a job that moved on has another token, or does not run.
const HELD = `and state = 3 and token = ?`;
// What is remembered of a job may be older than those who wait for it.
const HELD_ALONE = `${HELD} and edges is null`;
const COMPLETE = `
  update jobs_job
  set state = 4, attempt = ?, stalls = 0, ended_at = ?, prune_at = ?, result = ?, lease_until = null,
    runner = null, unique_key = null, grp = null`;
const COMPLETED = { alone: bySeqs(COMPLETE, HELD_ALONE), tied: bySeqs(COMPLETE, HELD) };
const AWAY = `delete from jobs_job`;
const COMPLETED_AWAY = { alone: bySeqs(AWAY, HELD_ALONE), tied: bySeqs(AWAY, HELD) };
const STILL_HELD = `
  select json_group_array(json_array(seq, edges)) as json from jobs_job
  where seq in (select value from json_each(?)) ${HELD}`;
// Of these, the ones that were just taken away.
const GONE = `
  select json_group_array(seq) as json from jobs_content
  where seq in (select value from json_each(?))
    and not exists (select 1 from jobs_job where jobs_job.seq = jobs_content.seq)`;

type Completed = Settlement & { readonly state: 'completed' };

/** Ends that differ in nothing but their job. */
interface Alike extends Pick<Completed, 'attempt' | 'keep' | 'result'> {
  readonly token: number;
  readonly lane: number;
  /** Whether they have to do with other jobs. */
  readonly hasEdges: boolean;
  readonly members: Member[];
}

interface Member extends Pick<Place, 'seq' | 'grp'> {
  readonly id: string;
  /** Among the completions. */
  readonly index: number;
}

/** One whose lease holds, and what it has to do with others by now: some may have come to wait for it since its claim. */
type Ending = readonly [seq: number, edges: number | null];

/** Records ends of runs. Most runs complete, and most of those end alike: they share a statement. */
export class Completing {
  readonly #lanes: Lanes;
  readonly #held: HeldJobs;
  readonly #settling: Settling;

  constructor(lanes: Lanes, held: HeldJobs, settling: Settling) {
    this.#lanes = lanes;
    this.#held = held;
    this.#settling = settling;
  }

  completeAll(tx: Transaction, completions: readonly Completion[]): readonly Recorded[] {
    const results = completions.map((): Recorded => 'gone');
    for (const group of this.#grouped(tx, completions)) this.#complete(tx, group, results);
    let index = 0;
    for (const completion of completions) {
      if (completion.settlement.state !== 'completed')
        results[index] = this.#settling.complete(tx, completion);
      index += 1;
    }
    return results;
  }

  /** Those whose job is there. */
  #grouped(tx: Transaction, completions: readonly Completion[]): Iterable<Alike> {
    const byKey = new Map<string, Alike>();
    // Those that end together mostly end alike: a key for each would take as long as to end it.
    let last: Alike | undefined;
    let index = -1;
    for (const { lease, settlement } of completions) {
      index += 1;
      if (settlement.state !== 'completed') continue;
      const place = this.#placeOf(tx, lease);
      if (place === undefined) continue;
      if (last === undefined || !isLike(last, lease, settlement, place)) {
        const key = keyOf(lease, settlement, place);
        last = byKey.get(key) ?? groupOf(lease, settlement, place);
        byKey.set(key, last);
      }
      last.members.push({ id: lease.id, seq: place.seq, grp: place.grp, index });
    }
    return byKey.values();
  }

  #placeOf(tx: Transaction, { id }: Lease): Place | undefined {
    return this.#held.take(id) ?? (tx.sql.first(PLACE, id) as Place | undefined);
  }

  #complete(tx: Transaction, group: Alike, results: Recorded[]): void {
    const { attempt, keep, result = null, token, lane, hasEdges, members } = group;
    const seqs = members.map(({ seq }) => seq);
    const ending = hasEdges ? tx.sql.json<Ending>(STILL_HELD, JSON.stringify(seqs), token) : [];
    const kind = hasEdges ? 'tied' : 'alone';
    const changed =
      keep === false
        ? changeSeqs(tx.sql, COMPLETED_AWAY[kind], seqs, [], [token])
        : changeSeqs(tx.sql, COMPLETED[kind], seqs, [attempt, tx.now, tx.now + keep, result], [token]);
    const { queue } = this.#lanes.byId(tx.sql, lane);
    tx.count(queue, 'completed', changed);
    tx.noteEnd(queue);
    for (const { grp } of members) tx.noteGroup(grp);
    const isWhole = changed === members.length;
    const gone =
      keep === false && !isWhole ? new Set(tx.sql.json<number>(GONE, JSON.stringify(seqs))) : undefined;
    for (const { id, seq, index } of members) {
      results[index] = isWhole || gone?.has(seq) ? 'recorded' : this.#again(tx, group, id);
    }
    if (keep === false && changed > 0) removeContents(tx, gone === undefined ? seqs : [...gone]);
    if (ending.length > 0) this.#tell(tx, group, ending);
  }

  /** Of one that the statement for all did not change. */
  #again(tx: Transaction, group: Alike, id: string): Recorded {
    const row = tx.sql.first(FIND, id);
    const isHeld = row?.state === STATE.running && row.token === group.token;
    return isHeld ? this.#settling.complete(tx, completionOf(group, id)) : answerAgain(row, group.token);
  }

  /** Only of those whose lease held: another run of the job may be under way. */
  #tell(tx: Transaction, { keep, result }: Alike, ending: readonly Ending[]): void {
    const seqs = ending.map(([seq]) => seq);
    if (keep === false) removeEdges(tx, seqs);
    const awaited = ending.flatMap(([seq, edges]) => (isAwaited(edges) ? [seq] : []));
    this.#settling.tellEnds(tx, awaited, 'completed', result ?? null);
  }
}

function completionOf({ token, attempt, keep, result }: Alike, id: string): Completion {
  const settlement = { state: 'completed', attempt, stalls: 0, keep } as const;
  return { lease: { id, token }, settlement: result === undefined ? settlement : { ...settlement, result } };
}

function isLike(
  group: Alike,
  { token }: Lease,
  { attempt, keep, result }: Completed,
  { lane, edges }: Place,
): boolean {
  return (
    group.token === token &&
    group.attempt === attempt &&
    group.keep === keep &&
    group.lane === lane &&
    group.hasEdges === (edges !== null) &&
    group.result === result
  );
}

function keyOf({ token }: Lease, { attempt, keep, result }: Completed, { lane, edges }: Place): string {
  return `${token} ${attempt} ${keep} ${lane} ${edges !== null} ${result === undefined ? '' : `=${result}`}`;
}

function groupOf({ token }: Lease, { attempt, keep, result }: Completed, { lane, edges }: Place): Alike {
  const group = { attempt, keep, token, lane, hasEdges: edges !== null, members: [] };
  return result === undefined ? group : { ...group, result };
}
