import type { Duration } from './duration.js';

/**
 * Which jobs are the same: of those with one key only one is stored, and the others are told its id.
 * @publicApi
 */
export interface UniqueOptions {
  readonly key: string;
  /** Among which jobs the key counts: those of this job's name, those of its queue, or all. @default 'name' */
  readonly scope?: 'name' | 'queue' | 'global';
  /**
   * How long: until the job is claimed for the first time, until it has ended, or for a time from the enqueue whatever becomes
   * of it. @default 'live'
   */
  readonly while?: 'waiting' | 'live' | { readonly for: Duration };
  /** What a job that waits takes over from one that comes later: `payload`, along with its policy and meta; `due`, its time. */
  readonly replace?: readonly ('payload' | 'due')[];
}

/**
 * One job for a burst of them, with the payload of the last: it runs once nothing of the key came for `delay`.
 * @publicApi
 */
export interface DebounceOptions {
  readonly key: string;
  readonly delay: Duration;
}

/**
 * The first job of a key runs, and what comes within `every` from then on is a duplicate of it.
 * @publicApi
 */
export interface ThrottleOptions {
  readonly key: string;
  readonly every: Duration;
}
