import { DEFAULT_BACKOFF, Backoff } from '../../core/backoff.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { JobDefinition, JobOptions, PerJob } from '../../core/job-definition.js';
import { DEFAULT_KEEP, parseKeep, type Keep } from '../../core/keep.js';
import { checkMaxRetries, DEFAULT_MAX_RETRIES, type MaxRetries } from '../../core/max-retries.js';
import { encodePolicy } from '../../core/policy.js';
import type { QueueOptions } from './queue-options.js';

/**
 * Decides the policies of jobs. Most classes have one for all their jobs, and most calls change nothing: that
 * one is encoded once.
 */
export class PolicyBook {
  readonly #defaults: JobOptions;
  readonly #fixed = new WeakMap<JobDefinition, string>();

  constructor(defaults: JobOptions) {
    this.#defaults = defaults;
  }

  /** The encoded policy of one job. */
  policyOf(definition: JobDefinition, job: object, options: QueueOptions): string {
    const { maxRetries, backoff, timeout, keep } = options;
    const isPlain = (maxRetries ?? backoff ?? timeout ?? keep) === undefined;
    const known = isPlain ? this.#fixed.get(definition) : undefined;
    if (known !== undefined) return known;
    const policy = this.#decide(definition, job, options);
    if (isPlain && !this.#dependsOnJob(definition)) this.#fixed.set(definition, policy);
    return policy;
  }

  #dependsOnJob({ options }: JobDefinition): boolean {
    const perJob = ['maxRetries', 'backoff', 'timeout'] as const;
    return perJob.some((option) => typeof (options[option] ?? this.#defaults[option]) === 'function');
  }

  #decide(definition: JobDefinition, job: object, options: QueueOptions): string {
    const own = { ...this.#defaults, ...definition.options };
    const where = `Job '${definition.name}'`;
    const maxRetries = options.maxRetries ?? ask<MaxRetries>(own.maxRetries, job) ?? DEFAULT_MAX_RETRIES;
    const backoff = options.backoff ?? ask<Backoff>(own.backoff, job) ?? DEFAULT_BACKOFF;
    const timeout = options.timeout ?? ask<Duration>(own.timeout, job);
    if (!(backoff instanceof Backoff)) {
      throw new InvalidOptionError(
        `${where}: backoff must come from Backoff.exponential, .linear or .custom`,
      );
    }
    return encodePolicy({
      maxRetries: checkMaxRetries(maxRetries, `${where}: maxRetries`),
      backoff: backoff.formula,
      ...(timeout === undefined ? {} : { timeout: parseTimeout(timeout, where) }),
      keep: this.keepOf(definition, options),
    });
  }

  /** How long the records of such a job stay. */
  keepOf(definition: JobDefinition, { keep }: Pick<QueueOptions, 'keep'>): Keep {
    const defaults = parseKeep(this.#defaults.keep ?? {}, DEFAULT_KEEP);
    const own = parseKeep(definition.options.keep ?? {}, defaults);
    return keep ? parseKeep(keep, own) : own;
  }
}

/** The value itself, or what the function says of this job. */
export function ask<Value>(option: PerJob<never, Value> | undefined, job: object): Value | undefined {
  return typeof option === 'function' ? (option as (job: object) => Value)(job) : option;
}

function parseTimeout(timeout: Duration, where: string): number {
  const length = parseDuration(timeout, `${where}: timeout`);
  if (length > 0) return length;
  throw new InvalidOptionError(`${where}: timeout must be longer than 0; leave it out for no limit`);
}
