import { InvalidOptionError } from '../../core/errors.js';
import type { JobState } from '../../core/job.js';
import type { JobChange, RetryOptions } from '../../storage/inspection.js';
import type { Storage } from '../../storage/storage.js';

/**
 * What became of one job that something was to be done with.
 * @publicApi
 */
export type ActionResult =
  | { readonly id: string; readonly outcome: 'done' }
  /** It runs, and was asked to end: its signal aborts within a heartbeat. Only from `cancel`. */
  | { readonly id: string; readonly outcome: 'requested' }
  /** Nothing was done, since its state does not allow it. `state` was read right after. */
  | { readonly id: string; readonly outcome: 'refused'; readonly state: JobState }
  /** There is no such job, or its record was not kept. */
  | { readonly id: string; readonly outcome: 'unknown' };

/** Something that can be done with jobs. */
export interface JobAction {
  readonly verb: string;
  /** The states in which it can be done. */
  readonly states: readonly JobState[];
  /** Too much would be lost if a filter without a state meant more than was thought. */
  readonly needsState?: true;
  /** `false`: was not done. In the order of the ids. */
  perform(storage: Storage, ids: readonly string[]): Promise<readonly ('done' | 'requested' | false)[]>;
}

const WAITING: readonly JobState[] = ['blocked', 'scheduled', 'ready', 'retrying'];
const LATER: readonly JobState[] = ['scheduled', 'retrying'];

export function retrying(options: RetryOptions = {}): JobAction {
  return {
    verb: 'retry',
    states: ['dead', 'cancelled'],
    needsState: true,
    perform: async (storage, ids) => (await storage.retry(ids, options)).map(doneIf),
  };
}

export const REMOVE: JobAction = {
  verb: 'remove',
  states: [...WAITING, 'completed', 'dead', 'cancelled'],
  needsState: true,
  perform: async (storage, ids) => (await storage.remove(ids)).map((result) => doneIf(result === 'removed')),
};

/** A storage would make ready jobs due anew as well, and they would lose their place to those behind them. */
export const PROMOTE: JobAction = {
  verb: 'promote',
  states: LATER,
  async perform(storage, ids) {
    const records = await storage.info(ids);
    const later = records.flatMap((record) => (record && LATER.includes(record.state) ? [record.id] : []));
    const changes = later.length === 0 ? [] : await storage.change(later, { delay: 0 });
    const promoted = new Set(later.filter((_, index) => changes[index] === true));
    return ids.map((id) => doneIf(promoted.has(id)));
  },
};

export function cancelling(reason: string): JobAction {
  return {
    verb: 'cancel',
    states: [...WAITING, 'running'],
    async perform(storage, ids) {
      const results = await storage.cancel(ids, reason);
      return results.map((result) => (result === 'requested' ? result : doneIf(result === 'cancelled')));
    },
  };
}

export function changing(verb: string, change: JobChange): JobAction {
  return {
    verb,
    states: WAITING,
    perform: async (storage, ids) => (await storage.change(ids, change)).map(doneIf),
  };
}

/** Asked for by id: each gets an answer, in the order of the ids. */
export async function actOn(
  storage: Storage,
  action: JobAction,
  ids: readonly string[],
): Promise<readonly ActionResult[]> {
  const outcomes = await action.perform(storage, ids);
  const refused = ids.filter((_, index) => outcomes[index] === false);
  const records = refused.length === 0 ? [] : await storage.info(refused);
  const states = new Map(records.flatMap((record) => (record ? [[record.id, record.state]] : [])));
  return ids.map((id, index): ActionResult => {
    const outcome = outcomes[index];
    if (outcome === 'done' || outcome === 'requested') return { id, outcome };
    const state = states.get(id);
    return state === undefined ? { id, outcome: 'unknown' } : { id, outcome: 'refused', state };
  });
}

/** Refuses what is no list of ids, and options that would only hold for a filter, before any job is touched. */
export function checkIds(ids: readonly string[], options: object, { verb }: JobAction): void {
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string')) {
    throw new InvalidOptionError(`${verb}(): takes an id, a list of ids or a filter`);
  }
  const [option] = Object.keys(options);
  if (option === undefined) return;
  throw new InvalidOptionError(`${verb}(): the option ${option} goes with a filter, not with ids`);
}

function doneIf(isDone: boolean): 'done' | false {
  return isDone ? 'done' : false;
}
