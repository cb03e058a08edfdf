import type { RunnerEvent } from './runner-event.js';

/** The one listener of a runner. Build an event only while `isHeard`: a drain makes a million of them. */
export class Events {
  readonly isHeard: boolean;
  readonly #listener: ((event: RunnerEvent) => void) | undefined;

  constructor(listener?: (event: RunnerEvent) => void) {
    this.#listener = listener;
    this.isHeard = listener !== undefined;
  }

  /** Whatever the listener does, a rejected promise included, jobs go on. */
  emit(event: RunnerEvent): void {
    try {
      const answer: unknown = this.#listener?.(event);
      if (answer instanceof Promise) answer.catch(ignore);
    } catch {
      // A listener's trouble is its own: no job may end differently for it.
    }
  }
}

function ignore(): void {}
