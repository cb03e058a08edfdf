import type { SqlValue, Statements } from '../connection/sqlite-client.js';

/** One statement about many jobs, in the two ways to name them. */
export interface BySeqs {
  readonly run: string;
  readonly list: string;
}

/** Jobs that arrived together are claimed together and end together: their seqs follow one another. */
const SHORTEST_RUNS = 8;

/** `statement` ends where its `where` would stand; `guard` is asked of each row besides. */
export function bySeqs(statement: string, guard = ''): BySeqs {
  return {
    run: `${statement} where seq between ? and ? ${guard}`,
    list: `${statement} where seq in (select value from json_each(?)) ${guard}`,
  };
}

/** Runs it for these jobs: each seq once, `before` and `after` bound around them. Returns how many rows it changed. */
export function changeSeqs(
  sql: Statements,
  { run, list }: BySeqs,
  seqs: readonly number[],
  before: readonly SqlValue[] = [],
  after: readonly SqlValue[] = [],
): number {
  const runs = runsOf(seqs);
  // A run is a walk through neighbours; a list is looked up one by one, and has to be read first.
  if (runs.length > 1 && runs.length * SHORTEST_RUNS > seqs.length) {
    return sql.run(list, ...before, JSON.stringify(seqs), ...after);
  }
  let changed = 0;
  for (const [first, last] of runs) changed += sql.run(run, ...before, first, last, ...after);
  return changed;
}

function runsOf(seqs: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  let current: [number, number] | undefined;
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    if (current !== undefined && seq <= current[1] + 1) current[1] = seq;
    else runs.push((current = [seq, seq]));
  }
  return runs;
}
