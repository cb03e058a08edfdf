import { splitVersion } from '../../core/payload-form.js';
import { AssertionError, deepStrictEqual } from 'node:assert';
import { inspect } from 'node:util';
import { toJobInfo, type JobInfo } from '../../client/inspect/job-info.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidJobError } from '../../core/errors.js';
import { definitionOf, reviveJob, type JobClass, type JobDefinition } from '../../core/job-definition.js';
import type { JobRecord, JobState } from '../../core/job.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { decodePayload, type PayloadCodec } from '../../core/payload.js';
import type { Storage } from '../../storage/storage.js';

/** A job as it was queued, its payload as the run gets it. @publicApi */
export interface QueuedJob<J extends object = object> extends Omit<JobInfo, 'payload'> {
  readonly payload: J;
}

/** Which jobs are meant: all that is given must match. @publicApi */
export interface QueuedMatch<J extends object = object> {
  /** Some of the fields, each deeply equal; or a function that says whether it is meant. */
  readonly payload?: Partial<Fields<J>> | ((payload: J) => boolean);
  readonly queue?: string;
  readonly state?: JobState;
  /** How long after it was queued it becomes due. */
  readonly delay?: Duration;
  /** When it becomes due; of a schedule's job, the tick it was made for. */
  readonly runAt?: Date;
}

/** The data of a job: what is stored. */
type Fields<J> = {
  readonly [Key in keyof J as J[Key] extends (...args: never[]) => unknown ? never : Key]: J[Key];
};

const FIELDS = [
  'payload',
  'queue',
  'state',
  'delay',
  'runAt',
] as const satisfies readonly (keyof QueuedMatch)[];
const PAGE = 1000;

/** All jobs of the class whose records the storage keeps, the oldest first. */
export async function readQueued<J extends object>(
  storage: Storage,
  jobClass: JobClass<J>,
  codec?: PayloadCodec,
): Promise<readonly QueuedJob<J>[]> {
  const definition = definitionFor(jobClass);
  const records: JobRecord[] = [];
  for (let cursor: string | undefined, isLast = false; !isLast;) {
    const page = await storage.list({
      name: definition.name,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    records.push(...page.jobs);
    cursor = page.cursor;
    isLast = cursor === undefined;
  }
  return records
    .toReversed()
    .map((record) => ({ ...toJobInfo(record), payload: payloadOf(definition, record, codec) as J }));
}

/** What about the job is not as it is meant to be; empty where it matches. */
export function differences<J extends object>(job: QueuedJob<J>, match: QueuedMatch<J>): readonly string[] {
  checkKnownOptions(match, FIELDS, 'A match of queued jobs');
  const { payload, queue, state, delay, runAt } = match;
  const found: string[] = [];
  const compare = (what: string, actual: unknown, expected: unknown) => {
    if (!isEqual(actual, expected)) found.push(`${what} is ${show(actual)}, not ${show(expected)}`);
  };
  if (typeof payload === 'function') {
    if (!payload(job.payload))
      found.push(`payload is ${show({ ...job.payload })}, which the function refuses`);
  } else {
    for (const [key, expected] of Object.entries(payload ?? {})) {
      compare(`payload.${key}`, (job.payload as Record<string, unknown>)[key], expected);
    }
  }
  if (queue !== undefined) compare('queue', job.queue, queue);
  if (state !== undefined) compare('state', job.state, state);
  if (delay !== undefined) {
    const length = parseDuration(delay, 'delay');
    compare('delay in milliseconds', job.scheduledFor.getTime() - job.enqueuedAt.getTime(), length);
  }
  if (runAt !== undefined) compare('runAt', job.scheduledFor, runAt);
  return found;
}

/** Why the jobs are not as expected; `undefined` where they are. `times`: so many match; absent: at least one does. */
export function unexpected<J extends object>(
  jobClass: JobClass<J>,
  jobs: readonly QueuedJob<J>[],
  match: QueuedMatch<J>,
  times: number | undefined,
): string | undefined {
  const { name } = definitionFor(jobClass);
  const compared = jobs
    .map((job) => ({ job, differences: differences(job, match) }))
    .toSorted((a, b) => a.differences.length - b.differences.length);
  const count = compared.filter((each) => each.differences.length === 0).length;
  if (times === undefined ? count > 0 : count === times) return undefined;
  const wanted = times === undefined ? 'a job' : times === 0 ? 'no job' : plural(times);
  const like = Object.keys(match).length === 0 ? '' : ` like ${show(match)}`;
  const head = `Expected ${wanted} '${name}'${like} to be queued, but ${count === 0 ? 'none was' : plural(count, true)}.`;
  const nearest = compared.find((each) => each.differences.length > 0);
  if (nearest === undefined || times === 0) return head;
  const others = `${plural(jobs.length, true)} in all; the nearest, ${nearest.job.id} (${nearest.job.state})`;
  return `${head} ${others}: ${nearest.differences.join('; ')}`;
}

/** Throws what test runners show as a failed assertion. */
export function failAssertion(message: string): never {
  throw new AssertionError({ message });
}

function definitionFor<J extends object>(jobClass: JobClass<J>): Pick<JobDefinition, 'name' | 'class'> {
  const definition = definitionOf(jobClass);
  if (definition) return definition;
  throw new InvalidJobError(`${jobClass.name} is not a job: decorate it with @Job({ name: '…' })`);
}

function payloadOf(
  definition: Pick<JobDefinition, 'class'>,
  record: JobRecord,
  codec: PayloadCodec | undefined,
): object {
  const [, fields] = splitVersion(decodePayload(record.payload, codec, record));
  return reviveJob(definition, fields);
}

function isEqual(actual: unknown, expected: unknown): boolean {
  try {
    deepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

function show(value: unknown): string {
  return inspect(value, { breakLength: Infinity, depth: 4 });
}

function plural(count: number, asSentence = false): string {
  const jobs = count === 1 ? '1 job' : `${count} jobs`;
  if (!asSentence) return jobs;
  return count === 1 ? '1 was' : `${count} were`;
}
