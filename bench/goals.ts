/** What we reach for: of the figure itself, or of its ratio to the baseline. */
export interface Goal {
  readonly of: 'figure' | 'ratio';
  readonly is: 'at least' | 'at most';
  readonly value: number;
}

/** Of one storage that outlives the process. */
interface Goals {
  readonly drainKeeping?: Goal;
  readonly drainRemoving?: Goal;
  readonly drainAlone?: Goal;
  readonly cpu: Goal;
  readonly single: Goal;
  readonly burst: Goal;
  readonly batches: Goal;
  readonly idle: Goal;
  readonly steadyP50: Goal;
  readonly steadyP99: Goal;
  readonly across: Goal;
  readonly growth: Goal;
  readonly groups: Goal;
}

export interface DurableGoals {
  readonly sqlite: Goals;
  readonly postgres: Goals & { readonly announced: Goal };
  readonly redis: Goals;
}

const COMMON = {
  ...{ single: share(0.8), burst: share(0.5), batches: share(0.7) },
  ...{ idle: times(1.5), steadyP50: times(1.5), steadyP99: times(2), across: times(1.5), growth: share(0.9) },
  groups: share(0.8),
};

export const GOALS: DurableGoals & {
  readonly memory: {
    readonly growth: Goal;
    readonly groups: Goal;
    readonly bystanders: Goal;
    readonly held: Goal;
  };
} = {
  memory: {
    ...{ growth: share(0.9), groups: share(0.8), bystanders: share(0.95) },
    held: { of: 'figure', is: 'at most', value: 60 },
  },
  sqlite: {
    ...COMMON,
    ...{ drainKeeping: share(0.4), drainRemoving: share(0.4), cpu: times(2.5) },
    across: { of: 'figure', is: 'at most', value: 5 },
  },
  postgres: {
    ...COMMON,
    ...{ drainKeeping: share(0.5), drainRemoving: share(0.65), cpu: times(1.5), announced: share(0.9) },
  },
  redis: {
    ...COMMON,
    ...{ drainKeeping: share(0.5), drainRemoving: share(0.5), drainAlone: share(0.3), cpu: times(2) },
  },
};

function share(value: number): Goal {
  return { of: 'ratio', is: 'at least', value };
}

function times(value: number): Goal {
  return { of: 'ratio', is: 'at most', value };
}
