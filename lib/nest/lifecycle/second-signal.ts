import type { Clock } from '../../core/clock.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

// Ctrl-C reaches the whole process group, and npm, say, passes it on besides: two signals for one press.
const ECHO = 500;

/**
 * Hears a signal that comes while the application stops already. Nest ignores it, but whoever sends it means it: so
 * `onSignal` is called, once. Only signals that something else listens for are heard: to listen for any other would keep
 * it from ending the process.
 */
export class SecondSignal {
  readonly #clock: Clock;
  readonly #onSignal: (signal: NodeJS.Signals) => void;
  #since = Infinity;
  #heard: readonly NodeJS.Signals[] = [];

  constructor(clock: Clock, onSignal: (signal: NodeJS.Signals) => void) {
    this.#clock = clock;
    this.#onSignal = onSignal;
  }

  /** To be called when the stopping begins. */
  listen(): void {
    this.#since = this.#clock.monotonic();
    this.#heard = SIGNALS.filter((signal) => process.listenerCount(signal) > 0);
    for (const signal of this.#heard) process.on(signal, this.#hear);
  }

  /** To be called when nothing is left to hurry: Nest ends the process by a signal that nobody listens for. */
  ignore(): void {
    for (const signal of this.#heard) process.off(signal, this.#hear);
    this.#heard = [];
  }

  readonly #hear = (signal: NodeJS.Signals): void => {
    if (this.#clock.monotonic() - this.#since < ECHO) return;
    this.ignore();
    this.#onSignal(signal);
  };
}
