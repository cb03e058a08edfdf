import type { Clock, Timer } from '../core/clock.js';

interface Call {
  readonly at: number;
  readonly call: () => void;
}

/**
 * A clock that stands still until told to move. Timers fire in order of their time, and what they set off gets
 * to run in between.
 * @publicApi
 */
export class FakeClock implements Clock {
  #now: number;
  readonly #start: number;
  readonly #calls = new Set<Call>();

  /** `now`: milliseconds since the epoch to start at. */
  constructor(now = Date.UTC(2030, 0, 1)) {
    this.#now = now;
    this.#start = now;
  }

  /** Whole, as the system's is, also when a timer fired in between. */
  now(): number {
    return Math.floor(this.#now);
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(delay: number, call: () => void): Timer {
    const entry: Call = { at: this.#now + Math.max(0, delay), call };
    this.#calls.add(entry);
    return { cancel: () => void this.#calls.delete(entry) };
  }

  soon(call: () => void): void {
    // Not queueMicrotask, which the fake timers of a test runner may have taken.
    void Promise.resolve().then(call);
  }

  /** Moves time on, firing what falls due on the way, and lets everything that follows settle. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#calls.delete(next);
      next.call();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** Sets the wall clock back or forward without firing anything, as a person or NTP might. */
  set(now: number): void {
    this.#now = now;
  }

  /** When the next timer fires, in milliseconds since the epoch; `undefined` when none is set. */
  get nextAt(): number | undefined {
    return this.#nextUntil(Infinity)?.at;
  }

  #nextUntil(end: number): Call | undefined {
    let next: Call | undefined;
    for (const call of this.#calls) {
      if (call.at <= end && (next === undefined || call.at < next.at)) next = call;
    }
    return next;
  }
}

// Promises that follow from a timer resolve within a few turns; none of them waits for real time.
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
