import { Backoff } from './backoff.js';
import type { Duration } from './duration.js';
import { InvalidJobError, InvalidOptionError } from './errors.js';
import type { KeepOptions } from './keep.js';
import { checkKnownOptions } from './known-options.js';
import type { MaxRetries } from './max-retries.js';
import { checkName } from './name.js';
import type { OrderOption } from './order-options.js';
import type { DebounceOptions, ThrottleOptions, UniqueOptions } from './unique-options.js';

/** A value, or how to get it from the job: asked once, when the job is enqueued. @publicApi */
export type PerJob<J, Value> = Value | ((job: J) => Value);

/**
 * What a class of jobs has in common. Options given to `queue()` win over these, these over the module's
 * `defaults`.
 * @publicApi
 */
export interface JobOptions<J = object> {
  /** @default 'default' */
  readonly queue?: PerJob<J, string>;
  /** Whole number, lower runs first. @default 0 */
  readonly priority?: PerJob<J, number>;
  /** @default 5 */
  readonly maxRetries?: PerJob<J, MaxRetries>;
  /** @default Backoff.exponential(2) */
  readonly backoff?: PerJob<J, Backoff>;
  /** How long one run may take before its signal aborts and the attempt has failed. @default no limit */
  readonly timeout?: PerJob<J, Duration>;
  readonly unique?: PerJob<J, UniqueOptions>;
  /** Instead of `unique`: one job for a burst of them, `delay` after the last. */
  readonly debounce?: PerJob<J, DebounceOptions>;
  /** Instead of `unique`: one job per `every`. */
  readonly throttle?: PerJob<J, ThrottleOptions>;
  /** The jobs of a queue take turns by group, and limits may be set for each: see `queues`. */
  readonly group?: PerJob<J, string>;
  /** @default 'fifo' */
  readonly order?: PerJob<J, OrderOption>;
  /** A job that nobody took in this time is `dead: expired`. Must be longer than its delay. @default never */
  readonly expiresIn?: PerJob<J, Duration>;
  readonly keep?: KeepOptions;
}

export const JOB_OPTIONS: readonly (keyof JobOptions)[] = [
  'queue',
  'priority',
  'maxRetries',
  'backoff',
  'timeout',
  'unique',
  'debounce',
  'throttle',
  'group',
  'order',
  'expiresIn',
  'keep',
];

/** A class whose instances are jobs. @publicApi */
export type JobClass<J extends object = object> = abstract new (...args: never[]) => J;

/**
 * A class of jobs, by the name that storages know it by. `Asked` is what functions among the options expect: the job
 * itself; `never` in places that take the definition of any class, and ask it nothing or are sure of the class.
 * @publicApi
 */
export interface JobDefinition<J extends object = object, Asked = J> {
  readonly name: string;
  readonly class: JobClass<J>;
  readonly options: JobOptions<Asked>;
}

const definitions = new WeakMap<JobClass, JobDefinition>();

/**
 * Makes a class a job. `@Job` does this; without Nest, call it yourself. Throws `InvalidOptionError` for unknown
 * or impossible options, `InvalidJobError` when the class is a job already.
 * @publicApi
 */
export function defineJob<J extends object>(
  jobClass: JobClass<J>,
  options: JobOptions<J> & { readonly name: string },
): JobDefinition<J> {
  const { name, ...rest } = options;
  checkName(name, `The name of job class ${jobClass.name}`);
  checkKnownOptions(rest, JOB_OPTIONS, `Job '${name}'`);
  if (
    rest.backoff !== undefined &&
    typeof rest.backoff !== 'function' &&
    !(rest.backoff instanceof Backoff)
  ) {
    throw new InvalidOptionError(
      `Job '${name}': backoff must come from Backoff.exponential, .linear or .custom`,
    );
  }
  if (definitions.has(jobClass)) throw new InvalidJobError(`Class ${jobClass.name} is a job already`);
  const definition: JobDefinition<J> = { name, class: jobClass, options: rest };
  definitions.set(jobClass, definition as unknown as JobDefinition);
  return definition;
}

/**
 * The definition of exactly this class: what a subclass inherits does not make it a job of the same name.
 * @publicApi
 */
export function definitionOf(jobClass: JobClass): JobDefinition | undefined {
  return definitions.get(jobClass);
}

/** Rebuilds a job from its stored fields: the prototype intact, the constructor not called. */
export function reviveJob(
  definition: Pick<JobDefinition, 'class'>,
  fields: Readonly<Record<string, unknown>>,
): object {
  return Object.assign(Object.create(definition.class.prototype as object) as object, fields);
}
