import {
  nextStartAt,
  startsLeft,
  startsWithin,
  withStarts,
  type Rate,
  type StartGroup,
} from '../../core/rate.js';
import type { GroupStats } from '../../storage/inspection.js';
import type { Placed } from './indexed-heap.js';
import { goesBefore, ReadyLine } from './ready-line.js';
import type { StoredJob } from './stored-job.js';

/** One group of a governed queue: its ready jobs, by name, and what it may start. */
export class Group implements Placed {
  place = -1;
  /** Groups are served in the order of their turns. */
  turn = 0;
  /** While it stands with those that wait for their rate: until when. */
  freeAt = 0;
  waiting = 0;
  running = 0;
  paused: GroupStats['paused'] = undefined;
  readonly #lines = new Map<string, ReadyLine>();
  #starts: readonly StartGroup[] = [];

  /** `name`: absent for the jobs of a queue that are in no group. */
  constructor(readonly name: string | undefined) {}

  get hasReady(): boolean {
    return this.#lines.size > 0;
  }

  lines(): Iterable<ReadyLine> {
    return this.#lines.values();
  }

  add(job: StoredJob): void {
    let line = this.#lines.get(job.name);
    if (line === undefined) this.#lines.set(job.name, (line = new ReadyLine(job.name)));
    line.add(job);
  }

  remove(job: StoredJob): void {
    const line = this.#lines.get(job.name);
    line?.remove(job);
    if (line?.size === 0) this.#lines.delete(job.name);
  }

  /** The first of its jobs that somebody with these names can run. */
  firstOf(names: ReadonlySet<string>): StoredJob | undefined {
    let best: StoredJob | undefined;
    for (const line of this.#lines.values()) {
      const { first } = line;
      if (!names.has(line.name) || first === undefined) continue;
      if (best === undefined || goesBefore(first, best)) best = first;
    }
    return best;
  }

  start(rate: Rate | undefined, now: number): void {
    if (rate !== undefined) this.#starts = withStarts(rate, this.#starts, now, 1);
  }

  mayStart(rate: Rate | undefined, now: number): boolean {
    return rate === undefined || startsLeft(rate, this.#starts, now) > 0;
  }

  startsAgainAt(rate: Rate | undefined, now: number): number {
    return rate === undefined ? now : nextStartAt(rate, this.#starts, now);
  }

  /** Nothing would be lost with it. */
  isForgettable(rate: Rate | undefined, now: number): boolean {
    const isIdle = this.waiting === 0 && this.running === 0 && this.paused === undefined;
    return isIdle && (rate === undefined || startsWithin(rate, this.#starts, now).length === 0);
  }
}
