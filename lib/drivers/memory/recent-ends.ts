import type { Ended, QueueStats } from '../../storage/inspection.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SHORTEST = 5 * MINUTE;

interface Step {
  readonly at: number;
  completed: number;
  failed: number;
}

/** What ended in a queue of late. What happens now is counted once, and added up step by step. */
export class RecentEnds {
  readonly #hour = new Steps(SHORTEST, HOUR);
  readonly #day = new Steps(HOUR, DAY);
  readonly #month = new Steps(DAY, 30 * DAY);
  #current: Step = { at: -Infinity, completed: 0, failed: 0 };

  count(what: keyof Ended, now: number): void {
    if (now >= this.#current.at + SHORTEST) this.#turnTo(now);
    this.#current[what] += 1;
  }

  at(now: number): NonNullable<QueueStats['recent']> {
    this.#turnTo(now);
    return { hour: this.#hour.sum(now), day: this.#day.sum(now), month: this.#month.sum(now) };
  }

  #turnTo(now: number): void {
    for (const steps of [this.#hour, this.#day, this.#month]) steps.add(this.#current, now);
    this.#current = { at: now - (now % SHORTEST), completed: 0, failed: 0 };
  }
}

/** Steps of one length, as far back as a span reaches. */
class Steps {
  readonly #length: number;
  readonly #span: number;
  readonly #steps: Step[] = [];

  constructor(length: number, span: number) {
    this.#length = length;
    this.#span = span;
  }

  add({ at, completed, failed }: Step, now: number): void {
    if (completed + failed > 0) {
      const start = at - (at % this.#length);
      let last = this.#steps.at(-1);
      if (last?.at !== start) this.#steps.push((last = { at: start, completed: 0, failed: 0 }));
      last.completed += completed;
      last.failed += failed;
    }
    while (this.#steps[0] !== undefined && this.#steps[0].at + this.#length <= now - this.#span)
      this.#steps.shift();
  }

  sum(now: number): Ended {
    const within = this.#steps.filter(({ at }) => at + this.#length > now - this.#span);
    return {
      completed: within.reduce((total, { completed }) => total + completed, 0),
      failed: within.reduce((total, { failed }) => total + failed, 0),
    };
  }
}
