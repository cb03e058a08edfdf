import { STORAGES, type Comparison, type Row } from './plan.js';
import type { Figures } from './trial.js';

/** One round of a comparison. */
export interface Pair {
  readonly ours: Figures;
  readonly baseline?: Figures;
}

const HEAD = ['measure', 'unit', 'ours', 'baseline', 'ratio (range)', 'goal', ''];
const TITLES = { memory: 'Memory', sqlite: 'SQLite', postgres: 'PostgreSQL', redis: 'Redis' } as const;

/** One table for each storage. Medians over the rounds; ratios are taken within each pair, and the median is theirs. */
export function tablesOf(pairs: ReadonlyMap<Comparison, readonly Pair[]>): string {
  const tables = STORAGES.flatMap((storage) => {
    const rows = [...pairs]
      .filter(([comparison]) => comparison.storage === storage)
      .flatMap(([comparison, taken]) =>
        comparison.rows.map((row, index) => cellsOf(index === 0 ? comparison.title : 'the same', row, taken)),
      );
    if (rows.length === 0) return [];
    const lines = [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
    return [`## ${TITLES[storage]}\n\n${lines.join('\n')}\n`];
  });
  return tables.join('\n');
}

function cellsOf(title: string, { figure, unit, goal }: Row, pairs: readonly Pair[]): string[] {
  const ours = pairs.map((pair) => pair.ours[figure] ?? NaN);
  const theirs = pairs.flatMap(({ baseline }) => (baseline === undefined ? [] : [baseline[figure] ?? NaN]));
  const ratios = theirs.map((value, index) => (ours[index] ?? NaN) / value);
  const cells = [
    ...[title, unit, short(median(ours))],
    ...(theirs.length === 0 ? ['', ''] : [short(median(theirs)), rangeOf(ratios)]),
  ];
  if (goal === undefined) return [...cells, '', ''];
  const reached = median(goal.of === 'ratio' ? ratios : ours);
  const isMet = goal.is === 'at least' ? reached >= goal.value : reached <= goal.value;
  const aim = `${goal.is} ${goal.value}${goal.of === 'ratio' ? '×' : ` ${unit.split(' ')[0]}`}`;
  return [...cells, aim, Number.isNaN(reached) ? 'not measured' : isMet ? 'met' : '**missed**'];
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
  if (Number.isNaN(value)) return 'unknown';
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
