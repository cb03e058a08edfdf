import { Backoff } from './backoff.js';
import type { Duration } from './duration.js';
import { InvalidJobError, InvalidOptionError } from './errors.js';
import type { KeepOptions } from './keep.js';
import { checkKnownOptions } from './known-options.js';
import type { MaxRetries } from './max-retries.js';
import { checkName } from './name.js';
import type { OrderOption } from './order-options.js';
import type { Upcasts } from './payload-form.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';
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

/**
 * All that can be said of a class of jobs but its name.
 * @publicApi
 */
export interface JobClassOptions<J = object> extends JobOptions<J> {
  /**
   * What its stored payload has to fit, of any library that keeps to Standard Schema. Asked when a job is queued, so that
   * the caller gets an `InvalidPayloadError`, and again when it runs: what does not fit then is `dead: invalid-payload`,
   * and what the schema makes of the fields is what `run` sees. Dates are stored as ISO text.
   */
  readonly schema?: StandardSchema;
  /** Of the payload; a whole number, which grows with each change that old payloads do not fit. @default 1 */
  readonly version?: number;
  /** What makes the payload of a version the next one: `{ 1: ({ name, ...others }) => ({ ...others, firstName: name }) }`. */
  readonly upcast?: Upcasts;
  /** Names that the class had before: their jobs are still run. */
  readonly aliases?: readonly string[];
}

export const CLASS_OPTIONS: readonly (keyof JobClassOptions | 'name')[] = [
  'name',
  ...JOB_OPTIONS,
  'schema',
  'version',
  'upcast',
  'aliases',
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
  readonly schema?: StandardSchema;
  readonly version: number;
  readonly upcast: Upcasts;
  readonly aliases: readonly string[];
}

const definitions = new WeakMap<JobClass, JobDefinition>();

/**
 * Makes a class a job. `@Job` does this; without Nest, call it yourself. Throws `InvalidOptionError` for unknown
 * or impossible options, `InvalidJobError` when the class is a job already.
 * @publicApi
 */
export function defineJob<J extends object>(
  jobClass: JobClass<J>,
  options: JobClassOptions<J> & { readonly name: string },
): JobDefinition<J> {
  checkKnownOptions(options, CLASS_OPTIONS, `Job '${options.name}'`);
  const { name, schema, version = 1, upcast = {}, aliases = [], ...rest } = options;
  checkName(name, `The name of job class ${jobClass.name}`);
  checkPayloadOptions(name, schema, version, upcast);
  for (const alias of aliases) checkName(alias, `Job '${name}': an alias`);
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
  const definition: JobDefinition<J> = {
    name,
    class: jobClass,
    options: rest,
    ...(schema === undefined ? {} : { schema }),
    version,
    upcast,
    aliases,
  };
  definitions.set(jobClass, definition as unknown as JobDefinition);
  return definition;
}

function checkPayloadOptions(name: string, schema: unknown, version: number, upcast: Upcasts): void {
  if (schema !== undefined && !isStandardSchema(schema)) {
    throw new InvalidOptionError(
      `Job '${name}': schema is of no library that keeps to Standard Schema (zod 3.24, valibot 1, arktype 2 or newer do)`,
    );
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InvalidOptionError(`Job '${name}': version ${String(version)} is not a whole number from 1`);
  }
  for (const [from, step] of Object.entries(upcast)) {
    const isStep = Number.isSafeInteger(Number(from)) && Number(from) >= 1 && Number(from) < version;
    if (isStep && typeof step === 'function') continue;
    throw new InvalidOptionError(
      `Job '${name}': upcast has ${from}, which is no function from a version below ${version} to the next`,
    );
  }
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
