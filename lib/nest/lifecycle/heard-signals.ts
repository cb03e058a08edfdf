type Hear = (signal: NodeJS.Signals) => void;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Tells of each SIGTERM and SIGINT that something else listens for, and of no other: our listener comes and goes with those
 * of others, since alone it would keep the signal from ending the process.
 */
class HeardSignals {
  readonly #told = new Set<Hear>();

  add(hear: Hear): void {
    if (this.#told.size === 0) this.#begin();
    this.#told.add(hear);
  }

  /** Safe to repeat. */
  delete(hear: Hear): void {
    this.#told.delete(hear);
    if (this.#told.size === 0) this.#end();
  }

  #begin(): void {
    for (const signal of SIGNALS) if (process.listenerCount(signal) > 0) process.on(signal, this.#hear);
    process.on('newListener', this.#join);
    process.on('removeListener', this.#leave);
  }

  #end(): void {
    process.off('newListener', this.#join);
    process.off('removeListener', this.#leave);
    for (const signal of SIGNALS) process.off(signal, this.#hear);
  }

  readonly #hear = (signal: NodeJS.Signals): void => {
    for (const hear of [...this.#told]) hear(signal);
  };

  // Node tells before it adds the listener, and of ours as well.
  readonly #join = (event: string | symbol, listener: unknown): void => {
    if (!isSignal(event) || listener === this.#hear) return;
    if (!process.listeners(event).includes(this.#hear)) process.on(event, this.#hear);
  };

  readonly #leave = (event: string | symbol): void => {
    if (!isSignal(event)) return;
    if (process.listeners(event).every((listener) => listener === this.#hear)) process.off(event, this.#hear);
  };
}

/** One for the process: of eleven listeners, one for each application of a test run, Node would warn. */
export const heardSignals = new HeardSignals();

function isSignal(event: string | symbol): event is (typeof SIGNALS)[number] {
  return (SIGNALS as readonly (string | symbol)[]).includes(event);
}
