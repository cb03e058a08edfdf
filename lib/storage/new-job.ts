import type { Dependency } from '../core/dependency.js';

/** A job to be stored. Everything is decided and encoded; texts are opaque to the storage. @publicApi */
export interface NewJob {
  /** Made by the client, so that pushing again after a lost reply makes no second job. */
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly payload: string;
  readonly policy: string;
  /** Whole number; lower runs first. */
  readonly priority: number;
  readonly due: Due;
  readonly unique?: UniqueClaim;
  /** Needs the capability `groups`. */
  readonly group?: string;
  /** Milliseconds from the push after which a job nobody took is `dead: expired`. Needs the capability `expiry`. */
  readonly expiresIn?: number;
  /** Absent: in order of due time, then of arrival, among jobs of its priority. Needs the capability `order`. */
  readonly order?: Order;
  /** Encoded value that the storage gives back untouched. */
  readonly meta?: string;
  /** The composition it is part of. Needs the capability `flows`. */
  readonly flow?: string;
  /**
   * Jobs of the same push that it waits for, `blocked`; a delay counts from when it is free, and a time that is over by
   * then is that moment. All need `dead` or none does. Needs the capability `flows`; never together with `unique`.
   */
  readonly after?: readonly Dependency[];
}

/**
 * Another place among the jobs of a queue. `lifo`: before all others of its priority, the newest first. `ageing`: as
 * if of priority 0 and due so many milliseconds later for each step of its priority, so that a job of low priority
 * is overtaken only by those that come within that time.
 * @publicApi
 */
export type Order = 'lifo' | { readonly ageing: number };

/**
 * Not before: milliseconds from now by the storage's clock, or a time of the caller's (past: now).
 * @publicApi
 */
export type Due = { readonly in: number } | { readonly at: number };

/**
 * No second job with this key is stored while the first one has it: `live`, until it has ended or was removed;
 * `waiting`, until it is claimed for the first time, however often it waits again; a time in milliseconds from the push,
 * until that is over, whatever becomes of the job and its record.
 * @publicApi
 */
export interface UniqueClaim {
  readonly key: string;
  readonly while: 'waiting' | 'live' | { readonly for: number };
  /**
   * What the job that holds the key takes over from this one, if it waits: `payload`, along with policy and meta; `due`.
   * One that nobody took in time takes nothing over, though it has its key until it is swept up. With `waiting` and `live`. Needs the capability `replacing`, as a time does.
   */
  readonly replace?: readonly ('payload' | 'due')[];
}

/** What became of a push, in the order of the jobs pushed. @publicApi */
export interface Pushed {
  /** The id pushed, or of the job that was there already. */
  readonly id: string;
  /** Nothing was stored: a job has that id, or holds that unique key. */
  readonly duplicate: boolean;
  /** Set where the job that was there took over what `unique.replace` says. */
  readonly replaced?: true;
}
