import { Injectable, Scope } from '@nestjs/common';
import { InvalidJobError, InvalidOptionError } from '../core/errors.js';
import { CLASS_OPTIONS, defineJob, type JobClass, type JobClassOptions } from '../core/job-definition.js';
import type { Duration } from '../core/duration.js';
import { checkKnownOptions } from '../core/known-options.js';
import { classValidation } from './discovery/class-validation.js';
import type { InjectToken, RunArguments } from './injection/inject-token.js';
import { hasInjectedParts, PARAM_TYPES } from './container/nest-metadata.js';
import { addSchedule, type ArgumentlessJobClass } from './schedule.decorators.js';

/**
 * Options of `@Job`.
 * @publicApi
 */
export interface JobDecoratorOptions<
  J extends object = object,
  Tokens extends readonly InjectToken[] = readonly InjectToken[],
> extends JobClassOptions<J> {
  /** What storages know the class by. It outlives renaming the class; unique in the application. */
  readonly name: string;
  /** What `run` gets before the context, resolved as a constructor of the job's module would resolve it. */
  readonly inject?: Tokens;
  /**
   * Has the decorators of `class-validator` on the class checked, as its `schema`. Both packages are optional: without
   * `class-transformer`, nothing makes dates of stored text. @default false
   */
  readonly validate?: boolean;
  /**
   * Has a job of the class, made without arguments, enqueued once per interval for the whole cluster, at least
   * 100 ms. `@Every` and `@Cron` can do more.
   */
  readonly every?: Duration;
}

/**
 * Makes a class a job: its fields are the payload, its `run` is what happens.
 *
 * List it among the `providers` of the module whose providers `run` needs. Nest never constructs it: you do, to
 * queue it; when it runs it is rebuilt from the stored fields, the constructor not called. `run` gets what
 * `inject` names, in that order, then the `JobContext`; a request-scoped or transient provider is made anew for
 * each run, and `REQUEST` is then the job. Without `inject`, `@Inject(TOKEN)` on the parameters of `run` does the
 * same, and parameters beside it whose type is a class need no decorator. Without `run`, a class with
 * `@JobHandler` has to handle the job.
 *
 * A function among the options that needs the job's fields says so: `priority: (job: Resize) => job.urgency`.
 *
 * In a test, `overrideProvider(WelcomeEmail).useValue({ run })` replaces the handling: that `run(job, context)`
 * gets the job as its first argument, like a `JobRunner`, and nothing is injected.
 *
 * Throws `InvalidOptionError` for unknown options, `InvalidJobError` when the class cannot be a job. That `run`
 * accepts what `inject` names is checked by the compiler.
 * @publicApi
 */
export function Job<
  J extends object = object,
  const Tokens extends readonly InjectToken[] = [],
  Interval extends Duration | undefined = undefined,
>(
  options: JobDecoratorOptions<J, Tokens> & { readonly inject: Tokens; readonly every?: Interval },
): (jobClass: Decorated<J & Injectee<Tokens>, Interval>) => void;
export function Job<J extends object = object, Interval extends Duration | undefined = undefined>(
  options: JobDecoratorOptions<J> & { readonly inject?: undefined; readonly every?: Interval },
): (jobClass: Decorated<J, Interval>) => void;
export function Job(options: JobDecoratorOptions): (jobClass: JobClass) => void {
  checkKnownOptions(options, OPTIONS, `Job '${options.name}'`);
  const { inject, every, validate = false, ...rest } = options;
  if (validate && rest.schema) {
    throw new InvalidOptionError(`Job '${rest.name}': give either schema or validate, not both`);
  }
  return (jobClass) => {
    defineJob(jobClass, validate ? { ...rest, schema: classValidation(jobClass) } : rest);
    checkInjections(jobClass, inject);
    if (inject) injections.set(jobClass, [...inject]);
    if (every !== undefined) addSchedule(jobClass, { kind: 'every', interval: every, options: {} });
    hideConstructor(jobClass);
  };
}

const OPTIONS: readonly (keyof JobDecoratorOptions)[] = [...CLASS_OPTIONS, 'inject', 'validate', 'every'];

/** The tokens that the class's `inject` names. */
export function injectionsOf(jobClass: JobClass): readonly InjectToken[] | undefined {
  return injections.get(jobClass);
}

const injections = new WeakMap<JobClass, readonly InjectToken[]>();

/** A class that is to be enqueued by itself has to be one that can be made without arguments. */
type Decorated<J extends object, Interval> = [Interval] extends [undefined]
  ? JobClass<J>
  : ArgumentlessJobClass<J>;

/** A job class whose `run`, if it has one, accepts what is injected. */
interface Injectee<Tokens extends readonly InjectToken[]> {
  readonly run?: (...values: RunArguments<Tokens>) => unknown;
}

function checkInjections(jobClass: JobClass, inject: readonly InjectToken[] | undefined): void {
  const name = `Job class ${jobClass.name}`;
  if (hasInjectedParts(jobClass)) {
    throw new InvalidJobError(
      `${name} injects into its constructor or its properties. Nest never constructs a job: inject into run instead`,
    );
  }
  const missing = inject?.findIndex((token: unknown) => token === undefined || token === null) ?? -1;
  if (missing < 0) return;
  throw new InvalidJobError(`${name}: inject[${missing}] is undefined. Is its file imported in a circle?`);
}

// Nest makes a transient provider only for whoever asks for it, and nobody asks for a job. Parameter types that the
// compiler emitted would have Nest look for providers of them all the same.
function hideConstructor(jobClass: JobClass): void {
  Injectable({ scope: Scope.TRANSIENT })(jobClass);
  Reflect.defineMetadata(PARAM_TYPES, [], jobClass);
}
