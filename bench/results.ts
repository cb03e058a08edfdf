import { readFileSync } from 'node:fs';
import { plan, type Comparison } from './plan.js';
import type { Pair } from './table.js';
import type { Durability, Figures, Trial } from './trial.js';

/** One measurement, as a line of JSON. */
export interface Result extends Trial {
  readonly storage: string;
  readonly title: string;
  readonly side: 'ours' | 'baseline';
  readonly round: number;
  readonly isQuick: boolean;
  readonly durability: Durability;
  readonly figures: Figures;
  readonly settings: string;
  readonly machine: string;
}

/** Results of any number of files. */
export function readResults(files: readonly string[]): readonly Result[] {
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Result),
  );
}

/** The pairs of each comparison of the plan that they are of. */
export function pairsOf(results: readonly Result[]): ReadonlyMap<Comparison, readonly Pair[]> {
  const pairs = new Map<Comparison, Pair[]>();
  for (const isQuick of [false, true]) {
    for (const comparison of plan(isQuick)) {
      const own = results.filter(
        (result) =>
          result.isQuick === isQuick &&
          result.storage === comparison.storage &&
          result.title === comparison.title,
      );
      const taken = own
        .filter(({ side }) => side === 'ours')
        .flatMap((ours) => pairOf(comparison, ours, own));
      if (taken.length > 0) pairs.set(comparison, taken);
    }
  }
  return pairs;
}

/** Nothing while one side of it is missing. */
function pairOf({ baseline }: Comparison, ours: Result, all: readonly Result[]): Pair[] {
  if (baseline === undefined) return [{ ours: ours.figures }];
  const other = all.find(({ side, round }) => side === 'baseline' && round === ours.round);
  return other === undefined ? [] : [{ ours: ours.figures, baseline: other.figures }];
}
