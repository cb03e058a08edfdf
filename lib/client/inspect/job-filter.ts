import { InvalidOptionError } from '../../core/errors.js';
import { fingerprintOf } from '../../core/fingerprint.js';
import type { JobRecord, JobState } from '../../core/job.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { ARROWS } from '../../core/lifecycle.js';
import { checkName } from '../../core/name.js';
import type { JobQuery } from '../../storage/inspection.js';
import { storedUniqueKey } from '../enqueue/unique-key.js';

/**
 * Which jobs are meant: all that is given must match, exactly. The last four are asked of each record that the others leave, so
 * that a look at few of very many takes its time: name a queue, a name or a state beside them.
 * @publicApi
 */
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
  /** What its last failure has, as `info(id).errors` shows it. */
  readonly fingerprint?: string;
  /** At that time or later. */
  readonly enqueuedAfter?: Date;
  /** Before that time. */
  readonly enqueuedBefore?: Date;
  /** Stands somewhere in its payload, in the name of a field or in a value; upper and lower case are told apart. */
  readonly text?: string;
}

/** A filter, checked: what a storage is asked, and what is asked of each record that it finds. */
export interface JobCriteria {
  readonly stored: Omit<JobQuery, 'limit' | 'cursor'>;
  /** Absent: whatever the storage finds is meant. */
  readonly isMeant?: (job: JobRecord) => boolean;
  /** Milliseconds since the epoch: what was enqueued before is not meant. */
  readonly since?: number;
}

const FIELDS = [
  'state',
  'queue',
  'name',
  'group',
  'uniqueKey',
  'flow',
  'fingerprint',
  'enqueuedAfter',
  'enqueuedBefore',
  'text',
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
  const stored = {
    ...(state === undefined ? {} : { state }),
    ...(queue === undefined ? {} : { queue: checkName(queue, `${where}: queue`) }),
    ...(name === undefined ? {} : { name: checkName(name, `${where}: name`) }),
    ...(group === undefined ? {} : { group: checkName(group, `${where}: group`) }),
    ...(flow === undefined ? {} : { flow: checkName(flow, `${where}: flow`) }),
    ...(uniqueKey === undefined ? {} : { uniqueKey: parseKey(uniqueKey, name, where) }),
  };
  return { stored, ...parseQuestions(filter, where) };
}

/** What no storage has an index for. */
function parseQuestions(filter: JobFilter, where: string): Omit<JobCriteria, 'stored'> {
  const { fingerprint, enqueuedAfter, enqueuedBefore, text } = filter;
  const questions: ((job: JobRecord) => boolean)[] = [];
  if (fingerprint !== undefined) {
    checkFingerprint(fingerprint, where);
    questions.push(({ failures }) => {
      const last = failures.at(-1);
      return last !== undefined && fingerprintOf(last) === fingerprint;
    });
  }
  const since = parseTime(enqueuedAfter, `${where}: enqueuedAfter`);
  const before = parseTime(enqueuedBefore, `${where}: enqueuedBefore`);
  if (since !== undefined) questions.push((job) => job.enqueuedAt >= since);
  if (before !== undefined) questions.push((job) => job.enqueuedAt < before);
  if (text !== undefined) {
    const encoded = encodeText(text, where);
    questions.push(({ payload }) => payload.includes(encoded));
  }
  if (questions.length === 0) return {};
  const isMeant = (job: JobRecord) => questions.every((question) => question(job));
  return since === undefined ? { isMeant } : { isMeant, since };
}

function checkFingerprint(fingerprint: string, where: string): void {
  if (typeof fingerprint === 'string' && /^[0-9a-f]{12}$/.test(fingerprint)) return;
  throw new InvalidOptionError(
    `${where}: fingerprint ${JSON.stringify(fingerprint)} is none: twelve hexadecimal digits, from info(id).errors`,
  );
}

function parseTime(time: Date | undefined, what: string): number | undefined {
  if (time === undefined) return undefined;
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time.getTime();
  throw new InvalidOptionError(`${what} must be a valid Date`);
}

// Payloads are searched as they are stored: quotes and line breaks stand there escaped.
function encodeText(text: string, where: string): string {
  if (typeof text === 'string' && text !== '') return JSON.stringify(text).slice(1, -1);
  throw new InvalidOptionError(`${where}: text must be a text that is not empty`);
}

function parseKey(uniqueKey: string, name: string | undefined, where: string): string {
  const key = checkName(uniqueKey, `${where}: uniqueKey`);
  if (name !== undefined) return storedUniqueKey(name, key);
  throw new InvalidOptionError(
    `${where}: uniqueKey needs the name of the jobs beside it: each name has its own`,
  );
}
