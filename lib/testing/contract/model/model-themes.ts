import { IDS } from './model-pools.js';
import type { Step } from './model-step.js';

/** Kinds of steps that are drawn; a flow is a push of jobs that wait for one another. */
export type Drawn = Step['kind'] | 'flow';

/**
 * What a sequence is mostly about. What takes several steps in a row, with one job or key or group, hardly ever comes
 * about among all that can be done; where little else is done, to few, it does.
 */
export interface Theme {
  /** How many sequences are about it, against the others. */
  readonly weight: number;
  /** How often each kind of step is taken, against the others; a kind that is not named never is. */
  readonly steps: Partial<Record<Drawn, number>>;
  readonly ids: readonly string[];
  /** Of a hundred jobs how many have it, and of a hundred bounds how many are of groups alone. */
  readonly share: Readonly<Record<'unique' | 'group' | 'expiry' | 'order' | 'groupBound', number>>;
  /** In milliseconds: how much time passes at once, and how long a job is put off. */
  readonly longest: Readonly<Record<'advance' | 'delay', number>>;
}

const FEWER_IDS = IDS.slice(0, 6);

const everything: Theme = {
  weight: 6,
  steps: {
    ...{ push: 6, flow: 4, pop: 8, complete: 5, completeAndPop: 3, advance: 5, rescue: 3, heartbeat: 2 },
    ...{ release: 2, cancel: 2, retry: 2, change: 2, remove: 1, progress: 1, pause: 1, resume: 1, limit: 2 },
    ...{ prune: 1, putSchedule: 1, removeSchedule: 1, fire: 1 },
  },
  ids: IDS,
  share: { unique: 25, group: 50, expiry: 25, order: 25, groupBound: 0 },
  longest: { advance: 3_000, delay: 3_000 },
};

/** Who has a unique key once jobs have ended and live again. */
const keys: Theme = {
  weight: 4,
  steps: { push: 8, pop: 3, complete: 2, cancel: 6, retry: 6, advance: 1, rescue: 1, remove: 2 },
  ids: FEWER_IDS,
  share: { unique: 90, group: 0, expiry: 10, order: 0, groupBound: 0 },
  longest: { advance: 1_000, delay: 1_000 },
};

/** What groups may start, as their jobs come and end. */
const groups: Theme = {
  weight: 4,
  steps: { push: 6, pop: 10, complete: 8, limit: 2, advance: 3, pause: 2, resume: 3, release: 2, remove: 1 },
  ids: IDS,
  share: { unique: 0, group: 90, expiry: 0, order: 0, groupBound: 80 },
  longest: { advance: 300, delay: 300 },
};

/** Who is free, or never can be, once those that it waits for have ended or live again. */
const flows: Theme = {
  weight: 5,
  steps: { flow: 6, pop: 9, complete: 12, cancel: 2, retry: 2, advance: 3, rescue: 1, prune: 1, remove: 2 },
  ids: FEWER_IDS,
  share: { unique: 0, group: 10, expiry: 10, order: 0, groupBound: 0 },
  longest: { advance: 1_000, delay: 300 },
};

/** What a schedule remembers, whoever declares it again and however late it fires. */
const schedules: Theme = {
  weight: 1,
  steps: { putSchedule: 4, fire: 8, removeSchedule: 1, advance: 3, pop: 1 },
  ids: IDS,
  share: everything.share,
  longest: { advance: 2_000, delay: 3_000 },
};

export const THEMES: readonly Theme[] = [everything, keys, groups, flows, schedules];
