import type { RunnerEvent } from './runner-event.js';

/** The one listener of a runner. Build an event only where `hears` says so: a drain makes a million of them. */
export class Events {
  readonly #listener: ((event: RunnerEvent) => void) | undefined;
  readonly hears: (kind: RunnerEvent['kind']) => boolean;

  constructor(
    listener?: (event: RunnerEvent) => void,
    hears: (kind: RunnerEvent['kind']) => boolean = () => true,
  ) {
    this.#listener = listener;
    this.hears = listener === undefined ? () => false : hears;
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
