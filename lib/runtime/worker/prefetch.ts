/** Milliseconds of work that may wait in this process. */
const WORK_AHEAD = 25;
const MOST = 500;
/** How much one run moves the average. */
const WEIGHT = 0.1;

/**
 * How many jobs of a queue to claim beyond the free slots. As many as its slots get done in a moment, judged by
 * recent runs, so that short jobs come in large batches and long ones are left to whoever is free.
 */
export class Prefetch {
  #average: number | undefined;

  /** A run took `duration` milliseconds. */
  learn(duration: number): void {
    this.#average =
      this.#average === undefined ? duration : this.#average + (duration - this.#average) * WEIGHT;
  }

  /** Jobs waited too long here: the average was wrong, so nothing is known until the next run ends. */
  forget(): void {
    this.#average = undefined;
  }

  allowance(slots: number): number {
    if (this.#average === undefined) return 0;
    return Math.min(MOST, Math.floor((WORK_AHEAD * slots) / this.#average));
  }
}
