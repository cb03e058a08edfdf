import type { HeldQueue } from './group-line.js';

/** Jobs of one group, or those without one, that a claim may take in this round. */
export interface Candidate {
  /** Absent: those without a group. */
  readonly group: number | undefined;
  readonly seqs: readonly number[];
  readonly starts: string | null;
  turn: number;
  /** How many may still start. */
  room: number;
  taken: number;
}

/** The numbers of the jobs to claim: one of the group whose turn is lowest, which then stands behind all others, again and again. */
export function takeTurns(queue: HeldQueue, candidates: readonly Candidate[], want: number): number[] {
  const own = candidates.find(({ group }) => group === undefined);
  if (own !== undefined) {
    // They come new, like a group. Afterwards they keep their turn, whether or not this runner knows any of them.
    if (queue.turn === 0 && own.seqs.length > 0) queue.turn = queue.turns += 1;
    own.turn = queue.turn;
  }
  const line = candidates
    .filter(({ seqs, room }) => seqs.length > 0 && room > 0)
    .toSorted((a, b) => a.turn - b.turn);
  const seqs: number[] = [];
  for (let first = line.shift(); first !== undefined && seqs.length < want; first = line.shift()) {
    seqs.push(first.seqs[first.taken] as number);
    first.taken += 1;
    first.room -= 1;
    first.turn = queue.turns += 1;
    if (first.taken < first.seqs.length && first.room > 0) line.push(first);
  }
  if (own !== undefined && own.taken > 0) queue.turn = own.turn;
  return seqs;
}

/** Whether jobs may have been left out only since a question names so many groups, and so many jobs of each. */
export function mayBeMore(candidates: readonly Candidate[], want: number, found: number): boolean {
  const groups = candidates.filter(({ group }) => group !== undefined);
  if (found === want || groups.length >= want) return true;
  const most = Math.ceil(want / Math.max(1, groups.length));
  return groups.some(({ seqs, taken, room }) => taken === most && taken === seqs.length && room > 0);
}
