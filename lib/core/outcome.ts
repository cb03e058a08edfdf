import type { Failure } from './job.js';

/** How one run ended, as the runtime saw it. A throw always means failure; all else is a value. */
export type Outcome =
  | {
      readonly kind: 'completed';
      /** The encoded result, if the run returned one. */
      readonly result?: string;
    }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** Set when a retry cannot help. */
      readonly final?: 'non-retryable' | 'invalid-payload';
      /** Milliseconds the retry was asked to wait; absent: the backoff decides. */
      readonly delay?: number;
    }
  | {
      readonly kind: 'snoozed';
      /** Milliseconds. */
      readonly delay: number;
    }
  | { readonly kind: 'cancelled'; readonly reason?: string }
  /** Given back without having ended: shutdown, or never begun. */
  | { readonly kind: 'released' };
