import type { MeasureName } from './measures.js';
import type { SystemName } from './systems.js';
import type { Trial } from './trial.js';

/** What we reach for: of the figure itself, or of its ratio to the baseline. */
export interface Goal {
  readonly of: 'figure' | 'ratio';
  readonly is: 'at least' | 'at most';
  readonly value: number;
}

/** One row of the table: a figure of ours, beside that of a baseline taken right before or after it. */
export interface Row {
  readonly figure: string;
  readonly unit: string;
  readonly goal?: Goal;
}

/** Measurements that belong together. */
export interface Comparison {
  readonly storage: 'memory' | 'sqlite';
  readonly title: string;
  readonly trial: Omit<Trial, 'durability'>;
  readonly baseline?: Omit<Trial, 'durability'>;
  readonly rows: readonly Row[];
}

/** Everything that is measured, in order. `quick` proves that it works; its figures mean nothing. */
export function plan(isQuick: boolean): readonly Comparison[] {
  const size = (jobs: number, quickJobs: number) => (isQuick ? quickJobs : jobs);
  const drained = size(20_000, 1000);
  const sampled = size(400, 30);
  const backlog = size(100_000, 1000);
  const sqlite = 'ours-sqlite';
  const raw = 'raw-sqlite-marking';
  return [
    beside('memory', 'drain', 'drain', 'ours-memory', 'raw-memory', drained, [RATE]),
    beside('memory', 'enqueue one by one', 'enqueue-1', 'ours-memory', 'raw-memory', size(50_000, 1000), [
      RATE,
    ]),
    beside('memory', 'enqueue, 100 callers', 'enqueue-100', 'ours-memory', 'raw-memory', size(50_000, 1000), [
      RATE,
    ]),
    beside(
      'memory',
      'enqueue batches of 1000',
      'enqueue-batch',
      'ours-memory',
      'raw-memory',
      size(50_000, 1000),
      [RATE],
    ),
    beside('memory', 'latency, idle', 'latency', 'ours-memory', 'raw-memory', sampled, [P50, P99]),
    grown('memory', 'ours-memory', drained, backlog),
    held(size(100_000, 2000)),
    beside('sqlite', 'drain, records kept', 'drain', sqlite, raw, drained, [rate(0.4), cpu(2.5)]),
    beside(
      'sqlite',
      'drain, records removed',
      'drain',
      'ours-sqlite-removing',
      'raw-sqlite-deleting',
      drained,
      [...[rate(0.4), cpu(2.5)]],
    ),
    beside('sqlite', 'enqueue one by one', 'enqueue-1', sqlite, raw, size(3000, 200), [rate(0.8)]),
    beside('sqlite', 'enqueue, 100 callers', 'enqueue-100', sqlite, raw, size(20_000, 1000), [rate(0.5)]),
    beside('sqlite', 'enqueue batches of 1000', 'enqueue-batch', sqlite, raw, size(50_000, 1000), [
      rate(0.7),
    ]),
    beside('sqlite', 'latency, idle', 'latency', sqlite, raw, sampled, [{ ...P50, goal: atMost(1.5) }, P99]),
    beside('sqlite', 'latency at 500 jobs/s', 'steady', sqlite, raw, size(2500, 250), [
      ...[
        { ...P50, goal: atMost(1.5) },
        { ...P99, goal: atMost(2) },
      ],
    ]),
    across(size(150, 20)),
    grown('sqlite', sqlite, drained, backlog),
  ];
}

const RATE: Row = { figure: 'perSecond', unit: 'jobs/s' };
const P50: Row = { figure: 'p50', unit: 'ms p50' };
const P99: Row = { figure: 'p99', unit: 'ms p99' };

function rate(share: number): Row {
  return { ...RATE, goal: { of: 'ratio', is: 'at least', value: share } };
}

function cpu(times: number): Row {
  return { figure: 'cpuPer1000', unit: 'ms CPU/1000 jobs', goal: atMost(times) };
}

function atMost(value: number): Goal {
  return { of: 'ratio', is: 'at most', value };
}

function beside(
  storage: Comparison['storage'],
  title: string,
  measure: MeasureName,
  system: SystemName,
  baseline: SystemName,
  jobs: number,
  rows: readonly Row[],
): Comparison {
  return {
    storage,
    title,
    trial: { measure, system, jobs },
    baseline: { measure, system: baseline, jobs },
    rows,
  };
}

function grown(
  storage: Comparison['storage'],
  system: SystemName,
  jobs: number,
  backlog: number,
): Comparison {
  return {
    storage,
    title: `drain among ${backlog} scheduled + ${backlog} ended, against none`,
    trial: { measure: 'growth', system, jobs, backlog },
    baseline: { measure: 'growth-empty', system, jobs, backlog },
    rows: [rate(0.9)],
  };
}

function held(jobs: number): Comparison {
  return {
    ...beside('memory', `${jobs} jobs held`, 'memory', 'ours-memory', 'raw-memory', jobs, []),
    rows: [{ figure: 'megabytes', unit: 'MB', goal: { of: 'figure', is: 'at most', value: 60 } }],
  };
}

// A bare SQLite hears nothing from another process, so there is nothing to stand beside.
function across(jobs: number): Comparison {
  return {
    storage: 'sqlite',
    title: 'latency, idle, from another process',
    trial: { measure: 'latency-across', system: 'ours-sqlite', jobs },
    rows: [{ ...P50, goal: { of: 'figure', is: 'at most', value: 5 } }, P99],
  };
}
