import { parseDuration } from '../../core/duration.js';
import { InvalidJobError, InvalidOptionError } from '../../core/errors.js';
import {
  definitionOf,
  type JobClass,
  type JobDefinition,
  type JobOptions,
} from '../../core/job-definition.js';
import type { Keep } from '../../core/keep.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkName } from '../../core/name.js';
import { parseOrder } from '../../core/order-options.js';
import { encodeValue, type PayloadCodec } from '../../core/payload.js';
import { checkFields, decodeJob, encodeJob } from '../../core/payload-form.js';
import type { Due, NewJob } from '../../storage/new-job.js';
import { checkPriority } from '../../storage/priority.js';
import type { JobTemplate } from '../../storage/schedules.js';
import type { ClassListener } from './class-listener.js';
import { ask, PolicyBook } from './job-policy.js';
import { QUEUE_OPTIONS, type QueueOptions } from './queue-options.js';
import { claimOf } from './unique-key.js';
import { uniquenessOf } from './uniqueness.js';

export const DEFAULT_QUEUE = 'default';
const DEFAULTS: QueueOptions = {};
const NOW: Due = { in: 0 };

/** What stands in the place of the definitions that classes were given. @publicApi */
export type Redefinitions = ReadonlyMap<JobClass, JobDefinition>;

/** Turns a job and the options of all levels into what a storage takes: all decided, checked and encoded. */
export class JobPreparer {
  readonly #defaults: JobOptions;
  readonly #policies: PolicyBook;
  /** What the jobs of a class have in common, where they differ in nothing but their payload. */
  readonly #alike = new WeakMap<JobDefinition, JobTemplate>();
  readonly #createId: () => string;
  readonly #codec: PayloadCodec | undefined;
  readonly #definitions: Redefinitions | undefined;
  readonly #onClass: ClassListener | undefined;
  /** Of which nothing more is told. */
  readonly #met = new WeakSet<JobDefinition>();

  constructor(
    createId: () => string,
    defaults: JobOptions,
    codec: PayloadCodec | undefined,
    definitions?: Redefinitions,
    onClass?: ClassListener,
  ) {
    this.#createId = createId;
    this.#defaults = defaults;
    this.#policies = new PolicyBook(defaults);
    this.#codec = codec;
    this.#definitions = definitions?.size ? definitions : undefined;
    this.#onClass = onClass;
  }

  prepare(job: object, options: QueueOptions = DEFAULTS): NewJob {
    const id = options.id === undefined ? this.#createId() : checkName(options.id, 'A job id');
    const definition = this.#definitionOf(job);
    const alike = options === DEFAULTS ? this.#alike.get(definition) : undefined;
    if (alike !== undefined) {
      const { name, queue, policy, priority } = alike;
      const payload = encodeJob(definition, job, { name, id }, this.#codec);
      return { id, due: NOW, name, queue, payload, policy, priority };
    }
    const [template, delay] = this.#template(definition, job, options, id);
    const due = dueOf(options, delay);
    if (template.expiresIn !== undefined) checkExpiry(template.expiresIn, due);
    this.#meet(definition, template.queue);
    if (options === DEFAULTS && areAlike(definition.options, this.#defaults))
      this.#alike.set(definition, { ...template, payload: '' });
    return { id, due, ...template };
  }

  /** How long the record of a job will stay. */
  keepOf(job: object, options: QueueOptions): Keep {
    return this.#policies.keepOf(this.#definitionOf(job), options);
  }

  /** A job but for its id and its time, as schedules need it. */
  prepareTemplate(job: object, options: QueueOptions): JobTemplate {
    const definition = this.#definitionOf(job);
    const [template, delay] = this.#template(definition, job, options);
    if (delay !== undefined) {
      throw new InvalidOptionError(
        `Job '${template.name}': a schedule has times of its own, and cannot be debounced`,
      );
    }
    this.#meet(definition, template.queue);
    return template;
  }

  /**
   * Asks the schema of the job's class about what would be stored: the job as its run would see it. `undefined` where
   * there is none, or it has nothing to say. Throws or rejects with `InvalidPayloadError`.
   */
  check(
    job: object,
    { id = '', name, payload }: JobTemplate & { readonly id?: string },
  ): Promise<unknown> | undefined {
    const definition = findDefinition(job);
    if (!definition.schema) return undefined;
    const checked = checkFields(definition, decodeJob(definition, payload, { id, name }, this.#codec));
    return checked instanceof Promise ? checked : undefined;
  }

  #meet(definition: JobDefinition, queue: string): void {
    if (this.#onClass === undefined || this.#met.has(definition)) return;
    if (this.#onClass(definition, queue)) this.#met.add(definition);
  }

  #definitionOf(job: object): JobDefinition {
    const definition = findDefinition(job);
    return this.#definitions?.get(definition.class) ?? definition;
  }

  /** Along with the delay that its debounce asks for. */
  #template(
    definition: JobDefinition,
    job: object,
    options: QueueOptions,
    id?: string,
  ): readonly [JobTemplate, number | undefined] {
    if (options !== DEFAULTS) checkKnownOptions(options, QUEUE_OPTIONS, 'queue()');
    const own = definition.options;
    const queue = options.queue ?? ask(own.queue, job) ?? ask(this.#defaults.queue, job);
    const uniqueness = uniquenessOf(job, options, own, this.#defaults);
    const group = options.group ?? ask(own.group, job) ?? ask(this.#defaults.group, job);
    const order = options.order ?? ask(own.order, job) ?? ask(this.#defaults.order, job);
    const expiresIn = options.expiresIn ?? ask(own.expiresIn, job) ?? ask(this.#defaults.expiresIn, job);
    const template: Writable<JobTemplate> = {
      name: definition.name,
      queue: queue === undefined ? DEFAULT_QUEUE : checkName(queue, 'A queue name'),
      payload: '',
      policy: this.#policies.policyOf(definition, job, options),
      priority: checkPriority(
        options.priority ?? ask(own.priority, job) ?? ask(this.#defaults.priority, job) ?? 0,
      ),
    };
    if (uniqueness !== undefined) template.unique = claimOf(template.name, template.queue, uniqueness.unique);
    const isMovable = template.unique?.replace?.includes('payload') === true;
    const owner = { name: definition.name, ...(id === undefined || isMovable ? {} : { id }) };
    template.payload = encodeJob(definition, job, owner, this.#codec);
    if (group !== undefined) template.group = checkName(group, 'A group');
    if (expiresIn !== undefined) template.expiresIn = parseDuration(expiresIn, 'expiresIn');
    if (options.meta !== undefined) template.meta = encodeValue(options.meta);
    const parsedOrder = order === undefined ? undefined : parseOrder(order, 'order:', template.priority);
    if (parsedOrder !== undefined) template.order = parsedOrder;
    return [template, uniqueness?.delay];
  }
}

const FIXED = new Set<string>(['queue', 'priority', 'maxRetries', 'backoff', 'timeout', 'keep']);

/** Whether nothing that is said of jobs at these levels tells one from another. */
function areAlike(...levels: readonly object[]): boolean {
  return levels.every((level) =>
    Object.entries(level).every(
      ([option, value]) => value === undefined || (FIXED.has(option) && typeof value !== 'function'),
    ),
  );
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function findDefinition(job: object): JobDefinition {
  const jobClass = (job as { constructor?: JobClass }).constructor;
  const definition = typeof jobClass === 'function' ? definitionOf(jobClass) : undefined;
  if (definition) return definition;
  if (typeof job === 'function') {
    throw new InvalidJobError(`${job.name} is a class: queue an instance, new ${job.name}(…)`);
  }
  throw new InvalidJobError(
    `${jobClass?.name || 'This object'} is not a job: decorate its class with @Job({ name: '…' }) and queue an instance`,
  );
}

function dueOf({ delay, runAt, debounce }: QueueOptions, debouncedBy: number | undefined): Due {
  if (debounce !== undefined && (delay ?? runAt) !== undefined) {
    throw new InvalidOptionError('queue(): debounce has a delay of its own; leave out delay and runAt');
  }
  if (runAt === undefined) {
    if (delay !== undefined) return { in: parseDuration(delay, 'delay') };
    return debouncedBy === undefined ? NOW : { in: debouncedBy };
  }
  if (delay !== undefined) throw new InvalidOptionError('queue(): give either delay or runAt, not both');
  const at = runAt.getTime();
  if (Number.isNaN(at)) throw new InvalidOptionError('runAt is an invalid date');
  return { at };
}

function checkExpiry(expiresIn: number, due: Due): void {
  if (!('in' in due) || expiresIn > due.in) return;
  throw new InvalidOptionError(
    `expiresIn: the job is due in ${due.in} ms and over after ${expiresIn} ms, before anybody can take it`,
  );
}
