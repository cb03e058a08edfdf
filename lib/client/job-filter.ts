import { InvalidOptionError } from '../core/errors.js';
import type { JobState } from '../core/job.js';
import { checkKnownOptions } from '../core/known-options.js';
import { ARROWS } from '../core/lifecycle.js';
import { checkName } from '../core/name.js';
import type { JobQuery } from '../storage/inspection.js';
import { storedUniqueKey } from './unique-key.js';

/** Which jobs are meant: all that is given must match, exactly. @publicApi */
export interface JobFilter {
  /** As a reader sees it: a scheduled job whose time has come is `ready`. */
  readonly state?: JobState;
  readonly queue?: string;
  readonly name?: string;
  readonly group?: string;
  /** The `unique.key` it was queued with. Needs `name`, since each job name has keys of its own. */
  readonly uniqueKey?: string;
  /** The id of the chain, batch or flow it is part of. */
  readonly flow?: string;
}

/** What a storage is asked, but for the page. */
export type JobCriteria = Omit<JobQuery, 'limit' | 'cursor'>;

const FIELDS = [
  'state',
  'queue',
  'name',
  'group',
  'uniqueKey',
  'flow',
] as const satisfies readonly (keyof JobFilter)[];

/** Throws `InvalidOptionError` for what could match nothing, or would match more than was meant. */
export function parseFilter(filter: JobFilter, where: string): JobCriteria {
  checkKnownOptions(filter, FIELDS, where);
  const { state, queue, name, group, uniqueKey, flow } = filter;
  if (state !== undefined && !Object.hasOwn(ARROWS, state)) {
    throw new InvalidOptionError(
      `${where}: state ${JSON.stringify(state)} is none of ${Object.keys(ARROWS).join(', ')}`,
    );
  }
  return {
    ...(state === undefined ? {} : { state }),
    ...(queue === undefined ? {} : { queue: checkName(queue, `${where}: queue`) }),
    ...(name === undefined ? {} : { name: checkName(name, `${where}: name`) }),
    ...(group === undefined ? {} : { group: checkName(group, `${where}: group`) }),
    ...(flow === undefined ? {} : { flow: checkName(flow, `${where}: flow`) }),
    ...(uniqueKey === undefined ? {} : { uniqueKey: parseKey(uniqueKey, name, where) }),
  };
}

function parseKey(uniqueKey: string, name: string | undefined, where: string): string {
  const key = checkName(uniqueKey, `${where}: uniqueKey`);
  if (name !== undefined) return storedUniqueKey(name, key);
  throw new InvalidOptionError(
    `${where}: uniqueKey needs the name of the jobs beside it: each name has its own`,
  );
}
