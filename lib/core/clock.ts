/**
 * Time, as everything in this library sees it. Tests pass one that stands still until told to move.
 * @publicApi
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an unknown start, never going back: for deadlines and measuring. */
  monotonic(): number;
  /** Calls once after `delay` milliseconds. */
  after(delay: number, call: () => void): Timer;
  /** Calls once everything that is already waiting in this turn of the event loop has had its turn. */
  soon(call: () => void): void;
}

/** A call to come. @publicApi */
export interface Timer {
  /** The call will not happen. Safe to repeat, and after the call. */
  cancel(): void;
}

/** Chance, likewise. @publicApi */
export interface Chance {
  /** From 0 up to but not including 1. */
  random(): number;
  /** Fills the array with unpredictable bytes. */
  fill(bytes: Uint8Array): void;
}

// A longer timer fires at once in Node, so that a job due in a month would spin.
const LONGEST_TIMER = 2 ** 31 - 1;

// The global is a getter.
const stopwatch = performance;

/** The machine's clock. @publicApi */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => stopwatch.now(),
  after(delay, call) {
    let left = delay;
    let timer = setTimeout(fire, Math.min(left, LONGEST_TIMER));
    function fire() {
      left -= LONGEST_TIMER;
      if (left <= 0) return call();
      timer = setTimeout(fire, Math.min(left, LONGEST_TIMER));
    }
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (call) => void setImmediate(call),
};

/** The machine's chance. @publicApi */
export const systemChance: Chance = {
  random: () => Math.random(),
  fill: (bytes) => void crypto.getRandomValues(bytes),
};

/** Waits, unless the signal aborts first: then it resolves at once. */
export function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delay, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
