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
  /** Encoded value that the storage gives back untouched. */
  readonly meta?: string;
}

/**
 * Not before: milliseconds from now by the storage's clock, or a time of the caller's (past: now).
 * @publicApi
 */
export type Due = { readonly in: number } | { readonly at: number };

/**
 * No second job with this key is stored while the first one has it: `live`, until it has ended or was removed;
 * `waiting`, until it is claimed for the first time, however often it waits again.
 * @publicApi
 */
export interface UniqueClaim {
  readonly key: string;
  readonly while: 'waiting' | 'live';
}

/** What became of a push, in the order of the jobs pushed. @publicApi */
export interface Pushed {
  /** The id pushed, or of the job that was there already. */
  readonly id: string;
  /** Nothing was stored: a job has that id, or holds that unique key. */
  readonly duplicate: boolean;
}
