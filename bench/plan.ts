import { GOALS, type DurableGoals, type Goal } from './goals.js';
import type { MeasureName, SystemName, Trial } from './trial.js';

export const STORAGES = ['memory', 'sqlite', 'postgres', 'redis'] as const;
export type StorageName = (typeof STORAGES)[number];

/** One row of the table: a figure of ours, beside that of a baseline taken right before or after it. */
export interface Row {
  readonly figure: string;
  readonly unit: string;
  readonly goal?: Goal;
}

/** What is measured, by a process of its own; how durable is for all the same. */
export type Planned = Omit<Trial, 'durability'>;

/** Measurements that belong together. */
export interface Comparison {
  readonly storage: StorageName;
  readonly title: string;
  readonly trial: Planned;
  readonly baseline?: Planned;
  /** Taken no more often than this, since it is long. */
  readonly mostRounds?: number;
  readonly rows: readonly Row[];
}

/** Everything that is measured, in order. `quick` proves that it works; its figures mean nothing. */
export function plan(isQuick: boolean): readonly Comparison[] {
  const sizes = isQuick ? QUICK : FULL;
  return [
    ...ofMemory(sizes),
    ...ofDurable('sqlite', sizes, { ...sizes, burst: 10 * sizes.burst }),
    ...ofDurable('postgres', sizes, sizes),
    ...ofDurable('redis', sizes, { ...sizes, single: 3 * sizes.single, burst: 3 * sizes.burst }),
  ];
}

interface Sizes {
  readonly drain: number;
  readonly backlog: number;
  readonly single: number;
  readonly burst: number;
  readonly batches: number;
  readonly samples: number;
  readonly steady: number;
  readonly across: number;
  readonly held: number;
  readonly rivals: number;
  readonly claims: number;
  readonly groups: number;
  readonly left: number;
}

const FULL: Sizes = {
  ...{ drain: 20_000, backlog: 100_000, single: 2000, burst: 20_000, batches: 50_000 },
  ...{ samples: 300, steady: 1500, across: 80, held: 100_000, rivals: 16_000 },
  ...{ claims: 20_000, groups: 10_000, left: 1000 },
};
const QUICK: Sizes = {
  ...{ drain: 1000, backlog: 1000, single: 100, burst: 1000, batches: 1000 },
  ...{ samples: 30, steady: 150, across: 10, held: 2000, rivals: 320 },
  ...{ claims: 500, groups: 250, left: 50 },
};

const RATE: Row = { figure: 'perSecond', unit: 'jobs/s' };
const P50: Row = { figure: 'p50', unit: 'ms p50' };
const P99: Row = { figure: 'p99', unit: 'ms p99' };
const CPU: Row = { figure: 'cpuPer1000', unit: 'ms CPU/1000 jobs' };

function ofMemory(sizes: Sizes): readonly Comparison[] {
  const { drain, burst, batches, samples, backlog, held } = sizes;
  const beside = (title: string, measure: MeasureName, jobs: number, rows: readonly Row[]): Comparison => ({
    ...{ storage: 'memory', title, rows },
    trial: { measure, system: 'ours-memory', jobs },
    baseline: { measure, system: 'raw-memory', jobs },
  });
  return [
    beside('drain, concurrency 10', 'drain', drain, [RATE]),
    beside('enqueue one by one', 'enqueue-1', burst, [RATE]),
    beside('enqueue, 100 callers', 'enqueue-100', burst, [RATE]),
    beside('enqueue, batches of 1000', 'enqueue-batch', batches, [RATE]),
    beside('latency, idle', 'latency', samples, [P50, P99]),
    grown('memory', 'ours-memory', drain, backlog, GOALS.memory.growth),
    ...grouped('memory', 'ours-memory', sizes, GOALS.memory.groups),
    ...inNest(held),
    beside(`${held.toLocaleString('en')} jobs held`, 'memory', held, [
      { figure: 'megabytes', unit: 'MB', goal: GOALS.memory.held },
    ]),
  ];
}

/** What enhancers cost those who have none. So many jobs that the engine has compiled everything. */
function inNest(jobs: number): readonly Comparison[] {
  const draining = { measure: 'drain', jobs } as const;
  const unguarded: Planned = { ...draining, system: 'nest-guarding-none' };
  const beside = (title: string, trial: Planned, baseline: Planned, rows: readonly Row[]): Comparison => ({
    ...{ storage: 'memory', title, trial, baseline, rows },
  });
  return [
    beside(
      `drain of ${jobs.toLocaleString('en')} in a Nest application, against without Nest`,
      unguarded,
      { ...draining, system: 'ours-memory' },
      [RATE, CPU],
    ),
    beside(
      'the same with a guard on other jobs, against none',
      { ...draining, system: 'nest-guarding-others' },
      unguarded,
      [{ ...RATE, goal: GOALS.memory.bystanders }, CPU],
    ),
    beside(
      'the same with a guard on these jobs, against none',
      { ...draining, system: 'nest-guarding-these' },
      unguarded,
      [RATE, CPU],
    ),
  ];
}

function ofDurable(storage: keyof DurableGoals, sizes: Sizes, enqueued: Sizes): readonly Comparison[] {
  const goals = GOALS[storage];
  const keeping = `ours-${storage}-keeping` as const;
  const beside = (
    title: string,
    planned: Omit<Planned, 'system'>,
    rows: readonly Row[],
    records: 'keeping' | 'removing' = 'keeping',
  ): Comparison => ({
    ...{ storage, title, rows },
    trial: { ...planned, system: `ours-${storage}-${records}` },
    baseline: { ...planned, system: `raw-${storage}-${records}` },
  });
  const { drain, samples, steady, across, backlog } = sizes;
  const { single, burst, batches } = enqueued;
  const of = (row: Row, goal: Goal | undefined): Row => (goal === undefined ? row : { ...row, goal });
  const drains = (title: string, records: 'keeping' | 'removing', rate: Goal | undefined) =>
    beside(title, { measure: 'drain', jobs: drain }, [of(RATE, rate), of(CPU, goals.cpu)], records);
  const alone = beside(
    'drain, concurrency 1',
    { measure: 'drain', jobs: drain, concurrency: 1 },
    [of(RATE, goals.drainAlone), of(CPU, goals.cpu)],
    'removing',
  );
  const reached = beside('latency, idle, from another process', { measure: 'latency-across', jobs: across }, [
    of(P50, goals.across),
    P99,
  ]);
  // A bare SQLite hears nothing from another process, so there is nothing to stand beside.
  const { baseline: _, ...reachedAlone } = reached;
  return [
    drains('drain, completed records kept (default)', 'keeping', goals.drainKeeping),
    drains('drain, completed records removed', 'removing', goals.drainRemoving),
    alone,
    beside('enqueue one by one', { measure: 'enqueue-1', jobs: single }, [of(RATE, goals.single)]),
    beside('enqueue, 100 callers', { measure: 'enqueue-100', jobs: burst }, [of(RATE, goals.burst)]),
    beside('enqueue, batches of 1000', { measure: 'enqueue-batch', jobs: batches }, [
      of(RATE, goals.batches),
    ]),
    beside('latency, idle', { measure: 'latency', jobs: samples }, [of(P50, goals.idle), P99]),
    beside('latency at 500 jobs/s', { measure: 'steady', jobs: steady }, [
      of(P50, goals.steadyP50),
      of(P99, goals.steadyP99),
    ]),
    storage === 'sqlite' ? reachedAlone : reached,
    grown(storage, keeping, drain, backlog, goals.growth),
    ...grouped(storage, keeping, sizes, goals.groups),
    ...(storage === 'postgres' ? [announced(sizes.rivals)] : []),
  ];
}

function grown(
  storage: StorageName,
  system: SystemName,
  jobs: number,
  backlog: number,
  goal: Goal,
): Comparison {
  const count = backlog.toLocaleString('en');
  return {
    ...{ storage, title: `drain among ${count} scheduled + ${count} ended, against none`, mostRounds: 3 },
    trial: { measure: 'growth', system, jobs, backlog },
    baseline: { measure: 'growth-empty', system, jobs, backlog },
    rows: [{ ...RATE, goal }],
  };
}

/**
 * What a claim costs must not grow with how many groups wait, nor with how many jobs. Ten at a time: then a claim serves no more
 * groups where there are more.
 */
function grouped(
  storage: StorageName,
  system: SystemName,
  { claims, groups, backlog, left }: Sizes,
  goal: Goal,
): readonly Comparison[] {
  const [many, all, few] = [groups, backlog, left].map((count) => count.toLocaleString('en'));
  const claimed = { measure: 'groups', system, jobs: claims } as const;
  const beside = (title: string, trial: Partial<Planned>, baseline: Partial<Planned>): Comparison => ({
    ...{ storage, title, mostRounds: 3, rows: [{ ...RATE, goal }, CPU] },
    trial: { ...claimed, ...trial },
    baseline: { ...claimed, ...baseline },
  });
  return [
    beside(`drain of ${many} groups, against 10`, { groups }, { groups: 10 }),
    beside(
      `claims from ${many} groups with ${all} jobs left in them, against 10 groups`,
      { groups, backlog },
      { groups: 10, backlog },
    ),
    beside(
      `claims from 10 groups with ${all} jobs left in them, against ${few}`,
      { groups: 10, backlog },
      { groups: 10, backlog: left },
    ),
  ];
}

function announced(jobs: number): Comparison {
  return {
    ...{ storage: 'postgres', title: 'enqueue, 16 storages one by one, against the same without NOTIFY' },
    trial: { measure: 'producers', system: 'ours-postgres-keeping', jobs },
    baseline: { measure: 'producers', system: 'ours-postgres-silent', jobs },
    rows: [{ ...RATE, goal: GOALS.postgres.announced }],
  };
}
