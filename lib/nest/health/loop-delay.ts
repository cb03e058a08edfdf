import type { Clock } from '../../core/clock.js';

const LENGTH = 10;

/** Milliseconds that a short timer comes late, measured here and now: nothing ticks while nobody asks. */
export function loopDelay(clock: Clock): Promise<number> {
  const start = clock.monotonic();
  return new Promise((resolve) => {
    clock.after(LENGTH, () => resolve(Math.max(0, Math.round(clock.monotonic() - start - LENGTH))));
  });
}
