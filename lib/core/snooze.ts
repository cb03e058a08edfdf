import { parseDuration, type Duration } from './duration.js';

/**
 * Returned from `run`: not done, and not failed either.
 * @publicApi
 */
export class Snooze {
  /** Milliseconds. */
  readonly delay: number;

  constructor(delay: Duration) {
    this.delay = parseDuration(delay, 'snooze');
  }
}
