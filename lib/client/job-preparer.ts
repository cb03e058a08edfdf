import { parseDuration } from '../core/duration.js';
import { InvalidJobError, InvalidOptionError } from '../core/errors.js';
import {
  definitionOf,
  type JobClass,
  type JobDefinition,
  type JobOptions,
  type UniqueOptions,
} from '../core/job-definition.js';
import { checkKnownOptions } from '../core/known-options.js';
import { checkName } from '../core/name.js';
import { encodePayload, encodeValue, type PayloadCodec } from '../core/payload.js';
import type { Due, NewJob, UniqueClaim } from '../storage/new-job.js';
import type { JobTemplate } from '../storage/schedules.js';
import { ask, PolicyBook } from './job-policy.js';
import { QUEUE_OPTIONS, type QueueOptions } from './queue-options.js';
import { storedUniqueKey } from './unique-key.js';

export const DEFAULT_QUEUE = 'default';
const DEFAULTS: QueueOptions = {};
const NOW: Due = { in: 0 };

/** Turns a job and the options of all levels into what a storage takes: all decided, checked and encoded. */
export class JobPreparer {
  readonly #defaults: JobOptions;
  readonly #policies: PolicyBook;
  readonly #createId: () => string;
  readonly #codec: PayloadCodec | undefined;

  constructor(createId: () => string, defaults: JobOptions, codec: PayloadCodec | undefined) {
    this.#createId = createId;
    this.#defaults = defaults;
    this.#policies = new PolicyBook(defaults);
    this.#codec = codec;
  }

  prepare(job: object, options: QueueOptions = DEFAULTS): NewJob {
    const template = this.prepareTemplate(job, options);
    const id = options.id === undefined ? this.#createId() : checkName(options.id, 'A job id');
    return { id, due: dueOf(options), ...template };
  }

  /** A job but for its id and its time, as schedules need it. */
  prepareTemplate(job: object, options: QueueOptions): JobTemplate {
    if (options !== DEFAULTS) checkKnownOptions(options, QUEUE_OPTIONS, 'queue()');
    const definition = findDefinition(job);
    const own = definition.options;
    const queue = options.queue ?? ask(own.queue, job) ?? ask(this.#defaults.queue, job);
    const unique = options.unique ?? ask(own.unique, job) ?? ask(this.#defaults.unique, job);
    const group = options.group ?? ask(own.group, job) ?? ask(this.#defaults.group, job);
    const template: Writable<JobTemplate> = {
      name: definition.name,
      queue: queue === undefined ? DEFAULT_QUEUE : checkName(queue, 'A queue name'),
      payload: encodePayload(job, this.#codec),
      policy: this.#policies.policyOf(definition, job, options),
      priority: checkPriority(
        options.priority ?? ask(own.priority, job) ?? ask(this.#defaults.priority, job) ?? 0,
      ),
    };
    if (unique !== undefined) template.unique = claimOf(definition, unique);
    if (group !== undefined) template.group = checkName(group, 'A group');
    if (options.expiresIn !== undefined) template.expiresIn = parseDuration(options.expiresIn, 'expiresIn');
    if (options.meta !== undefined) template.meta = encodeValue(options.meta);
    return template;
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function findDefinition(job: object): JobDefinition {
  const jobClass = (job as { constructor?: JobClass }).constructor;
  const definition = typeof jobClass === 'function' ? definitionOf(jobClass) : undefined;
  if (definition) return definition;
  throw new InvalidJobError(
    `${jobClass?.name || 'This object'} is not a job: decorate its class with @Job({ name: '…' }) and queue an instance`,
  );
}

function dueOf({ delay, runAt }: QueueOptions): Due {
  if (runAt === undefined) return delay === undefined ? NOW : { in: parseDuration(delay, 'delay') };
  if (delay !== undefined) throw new InvalidOptionError('queue(): give either delay or runAt, not both');
  const at = runAt.getTime();
  if (Number.isNaN(at)) throw new InvalidOptionError('runAt is an invalid date');
  return { at };
}

/** Refuses what not every storage can keep. */
export function checkPriority(priority: number): number {
  if (Number.isSafeInteger(priority) && Math.abs(priority) < 2 ** 31) return priority;
  throw new InvalidOptionError(`priority: ${String(priority)} is not a whole number between -2^31 and 2^31`);
}

function claimOf(definition: JobDefinition, unique: UniqueOptions): UniqueClaim {
  checkKnownOptions(unique, ['key', 'while'], 'unique');
  const claim = {
    key: storedUniqueKey(definition.name, checkName(unique.key, 'A unique key')),
    while: unique.while ?? 'live',
  };
  if (claim.while === 'live' || claim.while === 'waiting') return claim;
  throw new InvalidOptionError(`unique.while: '${String(claim.while)}' is neither 'waiting' nor 'live'`);
}
