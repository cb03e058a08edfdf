import type { Clock, Timer } from '../../core/clock.js';

// Applications enable the hooks around the start of their server: before it, or just after.
const PATIENCE = 1_000;

/** Warns once, a second after the start, when SIGTERM would end the process without Nest hearing of it. */
export class ShutdownHooksCheck {
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, warn: (message: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
  }

  start(): void {
    this.#timer = this.#clock.after(PATIENCE, () => {
      if (process.listenerCount('SIGTERM') > 0) return;
      this.#warn(
        'Nothing listens for SIGTERM: it will end this process at once, and its running jobs go on elsewhere only ' +
          'when their leases have run out. Call app.enableShutdownHooks()',
      );
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
