import type { Comparison, Row } from './plan.js';
import type { Figures } from './trial.js';

/** One round of a comparison. */
export interface Pair {
  readonly ours: Figures;
  readonly baseline?: Figures;
}

const HEAD = ['storage', 'measure', 'unit', 'ours', 'baseline', 'ratio (range)', 'goal', ''];

/** Medians over the rounds. Ratios are taken within each pair, and the median is theirs. */
export function tableOf(pairs: ReadonlyMap<Comparison, readonly Pair[]>): string {
  const rows = [...pairs].flatMap(([comparison, taken]) =>
    comparison.rows.map((row) => cellsOf(comparison, row, taken)),
  );
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(
  { storage, title }: Comparison,
  { figure, unit, goal }: Row,
  pairs: readonly Pair[],
): string[] {
  const ours = pairs.map((pair) => pair.ours[figure] ?? NaN);
  const theirs = pairs.flatMap(({ baseline }) => (baseline === undefined ? [] : [baseline[figure] ?? NaN]));
  const ratios = theirs.map((value, index) => (ours[index] ?? NaN) / value);
  const names = [storage, title, unit, short(median(ours))];
  const beside = theirs.length === 0 ? ['', ''] : [short(median(theirs)), rangeOf(ratios)];
  if (goal === undefined) return [...names, ...beside, '', ''];
  const reached = median(goal.of === 'ratio' ? ratios : ours);
  const isMet = goal.is === 'at least' ? reached >= goal.value : reached <= goal.value;
  return [
    ...names,
    ...beside,
    `${goal.is} ${goal.value}${goal.of === 'ratio' ? '×' : ` ${unit}`}`,
    isMet ? 'met' : 'MISSED',
  ];
}

function rangeOf(ratios: readonly number[]): string {
  return `${short(median(ratios))} (${short(Math.min(...ratios))}–${short(Math.max(...ratios))})`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2;
}

/** Three digits that count. */
function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
