import type { Clock } from '../../core/clock.js';
import { heardSignals } from './heard-signals.js';

// Ctrl-C reaches the whole process group, and npm, say, passes it on besides: two signals for one press.
const ECHO = 500;

/**
 * Hears a second signal while the application stops. Nest ignores it, but whoever sends it means it: so `onSignal` is called,
 * once. The first may be what the stopping began with, or come later, where the application has closed itself: a platform that
 * then ends the process asks for the first time, and means the jobs to have their grace.
 */
export class SecondSignal {
  readonly #clock: Clock;
  readonly #onSignal: (signal: NodeJS.Signals) => void;
  #firstAt: number | undefined;
  #isStopping = false;

  constructor(clock: Clock, onSignal: (signal: NodeJS.Signals) => void) {
    this.#clock = clock;
    this.#onSignal = onSignal;
  }

  /** To be called when the application starts: who stops cannot tell whether a signal was why. */
  listen(): void {
    heardSignals.add(this.#hear);
  }

  /** To be called when the stopping begins. */
  expect(): void {
    this.#isStopping = true;
  }

  /** To be called when nothing is left to hurry. */
  ignore(): void {
    heardSignals.delete(this.#hear);
  }

  readonly #hear = (signal: NodeJS.Signals): void => {
    const now = this.#clock.monotonic();
    this.#firstAt ??= now;
    if (!this.#isStopping || now - this.#firstAt < ECHO) return;
    this.ignore();
    this.#onSignal(signal);
  };
}
