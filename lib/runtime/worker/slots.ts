import type { Clock } from '../../core/clock.js';
import type { Execution } from './execution.js';
import { Prefetch } from './prefetch.js';

const LONGEST_TAIL = 256;

/** The slots of one queue, and the claimed jobs that wait for one. */
export class Slots {
  readonly prefetch = new Prefetch();
  /** Slots taken, also by code whose job is settled already. */
  running = 0;
  /** Code that goes on without a slot, since it ignored its signal for too long. */
  #released = 0;
  /** Jobs that wait. */
  waiting = 0;
  #line: Execution[] = [];
  #head = 0;
  #isFilling = false;

  constructor(
    readonly queue: string,
    readonly limit: number,
    /** The queue has limits, or groups: what waits here takes a place from others. */
    public isGoverned = false,
    /** Code that ignores its signal for too long loses its slot. */
    readonly releasesStuck = false,
  ) {}

  /**
   * Whether code that is stuck may lose its slot. Only as much as there are slots: if all of it gets stuck, a process must not take
   * job after job until it has no memory or connection left.
   */
  get mayRelease(): boolean {
    return this.releasesStuck && this.#released < this.limit;
  }

  /** Code goes on without its slot. */
  release(): void {
    this.#released += 1;
    this.running -= 1;
  }

  /** Code has come to its end. */
  ended(isReleased: boolean): void {
    if (isReleased) this.#released -= 1;
    else this.running -= 1;
  }

  /** How many more jobs there is use for. */
  get demand(): number {
    const ahead = this.isGoverned ? 0 : this.prefetch.allowance(this.limit);
    return Math.max(0, this.limit + ahead - this.running - this.waiting);
  }

  /**
   * How many jobs to ask for while those that just came are run, so that storage and process do not wait for each other. None
   * rather than a few: many small calls cost more than they save.
   */
  get demandAhead(): number {
    if (this.isGoverned) return 0;
    const allowance = this.prefetch.allowance(this.limit);
    const ahead = 2 * allowance - this.waiting;
    return ahead >= allowance / 2 ? Math.min(ahead, allowance) : 0;
  }

  add(execution: Execution): void {
    this.#line.push(execution);
    this.waiting += 1;
  }

  /** A job that was settled while it waited will not run. */
  drop(): void {
    this.waiting -= 1;
  }

  /**
   * Starts waiting jobs while slots are free. Runs that end at once call this again: the loop goes on then.
   *
   * @param now this moment, by the clock, where it is known; true for the first run alone, which may hold the thread
   */
  fill(clock: Clock, now?: number): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    for (let at = now; this.running < this.limit; at = undefined) {
      const next = this.#next();
      if (next === undefined) break;
      this.waiting -= 1;
      this.running += 1;
      next.start(at ?? clock.monotonic());
    }
    this.#isFilling = false;
  }

  /** The jobs that wait, first come first. */
  line(): readonly Execution[] {
    return this.#line.slice(this.#head).filter(({ isSettled }) => !isSettled);
  }

  /** A line that never empties must not keep all that ever stood in it. */
  shorten(): void {
    if (this.#head < LONGEST_TAIL || this.#head * 2 < this.#line.length) return;
    this.#line = this.#line.slice(this.#head);
    this.#head = 0;
  }

  #next(): Execution | undefined {
    while (this.#head < this.#line.length) {
      const next = this.#line[this.#head++];
      if (next?.isSettled === false) return next;
    }
    this.#line = [];
    this.#head = 0;
    return undefined;
  }
}
