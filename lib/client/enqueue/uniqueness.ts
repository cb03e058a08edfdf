import { parseDuration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { JobOptions } from '../../core/job-definition.js';
import { checkKnownOptions } from '../../core/known-options.js';
import type { UniqueOptions } from '../../core/unique-options.js';
import { ask } from './job-policy.js';
import type { QueueOptions } from './queue-options.js';
import { debounced, throttled } from './unique-key.js';

/** What makes a job the same as another, and how long it waits for more of its kind. */
export interface Uniqueness {
  readonly unique: UniqueOptions;
  /** Milliseconds. */
  readonly delay?: number;
}

type Level = Pick<JobOptions<never> & QueueOptions, 'unique' | 'debounce' | 'throttle'>;

/** Of the first level that says anything: the call, the class, the defaults. */
export function uniquenessOf(
  job: object,
  ...levels: readonly (Level | JobOptions)[]
): Uniqueness | undefined {
  for (const { unique, debounce, throttle } of levels) {
    if ((unique ?? debounce ?? throttle) === undefined) continue;
    if ([unique, debounce, throttle].filter((option) => option !== undefined).length > 1) {
      throw new InvalidOptionError('give one of unique, debounce and throttle');
    }
    if (unique !== undefined) return ofUnique(ask(unique, job));
    const burst = ask(debounce, job);
    if (burst !== undefined) {
      checkKnownOptions(burst, ['key', 'delay'], 'debounce');
      return { unique: debounced(burst), delay: parseDuration(burst.delay, 'debounce.delay') };
    }
    const pace = ask(throttle, job);
    if (pace === undefined) return undefined;
    checkKnownOptions(pace, ['key', 'every'], 'throttle');
    return { unique: throttled(pace) };
  }
  return undefined;
}

function ofUnique(unique: UniqueOptions | undefined): Uniqueness | undefined {
  return unique === undefined ? undefined : { unique };
}
