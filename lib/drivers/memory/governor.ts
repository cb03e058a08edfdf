import { nextStartAt, startsLeft, withStarts, type StartGroup } from '../../core/rate.js';
import type { GroupStats, QueueLimits } from '../../storage/inspection.js';
import { Group } from './group.js';
import { OrderedLine } from './ordered-line.js';
import type { StoredJob } from './stored-job.js';

/**
 * The ready jobs of a queue that has groups or limits. Groups that can start a job stand in a heap by their turn; those
 * that wait for their rate in a line by time; those that are empty, paused or full nowhere, so that nobody walks past them.
 */
export class Governor {
  limits: QueueLimits = {};
  readonly #groups = new Map<string | undefined, Group>();
  // Who has had a turn stands behind all others.
  readonly #open = new OrderedLine<Group>((a, b) => a.turn < b.turn);
  readonly #later = new OrderedLine<Group>((a, b) => a.freeAt < b.freeAt);
  readonly #standing = new Map<Group, 'open' | 'later'>();
  #starts: readonly StartGroup[] = [];
  #turns = 0;

  get hasGroups(): boolean {
    return this.#groups.size > 0;
  }

  groups(): Iterable<Group> {
    return this.#groups.values();
  }

  stats(name: string, now: number): GroupStats | undefined {
    const group = this.#groups.get(name);
    if (group === undefined || (group.waiting === 0 && group.running === 0 && group.paused === undefined)) {
      return undefined;
    }
    const { waiting, running, paused } = group;
    const startsAgainAt = group.startsAgainAt(this.#rateOf(group), now);
    return {
      ...{ waiting, running },
      ...(paused === undefined ? {} : { paused }),
      ...(startsAgainAt > now ? { startsAgainAt } : {}),
    };
  }

  /** A job waits in the queue, ready or not. */
  arrive(job: StoredJob): void {
    this.#obtain(job.group).waiting += 1;
  }

  /** A waiting job waits no more. */
  depart(job: StoredJob, now: number): void {
    const group = this.#obtain(job.group);
    group.waiting -= 1;
    this.#forgetIfIdle(group, now);
  }

  add(job: StoredJob): void {
    const group = this.#obtain(job.group);
    if (!group.hasReady) {
      // One that comes new waits for every other once, and no longer for its last starts to be forgotten.
      group.turn = this.#turns += 1;
      this.#stand(group, undefined);
    }
    group.add(job);
    this.#place(group);
  }

  remove(job: StoredJob): void {
    const group = this.#obtain(job.group);
    group.remove(job);
    this.#place(group);
  }

  /** A job of a group runs. */
  began(job: StoredJob): void {
    this.#obtain(job.group).running += 1;
  }

  ended(job: StoredJob, now: number): void {
    const group = this.#obtain(job.group);
    group.running -= 1;
    this.#place(group);
    this.#forgetIfIdle(group, now);
  }

  pause(name: string, paused: GroupStats['paused'], now: number): boolean {
    const group = this.#obtain(name);
    const wasPaused = group.paused !== undefined;
    group.paused = paused;
    this.#place(group);
    this.#forgetIfIdle(group, now);
    return wasPaused;
  }

  limit(limits: QueueLimits): void {
    this.limits = limits;
    for (const group of this.#groups.values()) {
      this.#stand(group, undefined);
      this.#place(group);
    }
  }

  /** How many jobs may start now, of those that `running` leaves room for. */
  room(running: number, now: number): number {
    const { concurrency = Infinity, rate } = this.limits;
    return Math.min(
      concurrency - running,
      rate === undefined ? Infinity : startsLeft(rate, this.#starts, now),
    );
  }

  /** When a start is free by the rate of the queue; `now` where one is. */
  startsAgainAt(now: number): number {
    const { rate } = this.limits;
    return rate === undefined ? now : nextStartAt(rate, this.#starts, now);
  }

  /** Takes jobs, one of each group in turn, while `begin` takes them over. Returns when to look again; `now`: more could start. */
  take(room: number, names: ReadonlySet<string>, now: number, begin: (job: StoredJob) => boolean): number {
    this.#letGoOn(now);
    const unknown: Group[] = [];
    let left = room;
    let isMore = false;
    for (let group = this.#open.first; group !== undefined; group = this.#open.first) {
      const job = group.firstOf(names);
      const rate = this.#rateOf(group);
      if (job === undefined) {
        unknown.push(group);
        this.#stand(group, undefined);
      } else if (!group.mayStart(rate, now)) {
        group.freeAt = group.startsAgainAt(rate, now);
        this.#stand(group, 'later');
      } else if (left === 0) {
        isMore = true;
        break;
      } else if (begin(job)) {
        left -= 1;
        const { rate: ofQueue } = this.limits;
        if (ofQueue !== undefined) this.#starts = withStarts(ofQueue, this.#starts, now, 1);
        group.start(rate, now);
        this.#stand(group, undefined);
        group.turn = this.#turns += 1;
        this.#place(group);
      }
    }
    for (const group of unknown) this.#place(group);
    return isMore ? now : (this.#later.first?.freeAt ?? Infinity);
  }

  #obtain(name: string | undefined): Group {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new Group(name)));
    return group;
  }

  #rateOf(group: Group) {
    return group.name === undefined ? undefined : this.limits.groups?.rate;
  }

  #letGoOn(now: number): void {
    for (
      let group = this.#later.first;
      group !== undefined && group.freeAt <= now;
      group = this.#later.first
    ) {
      this.#stand(group, undefined);
      this.#place(group);
      this.#forgetIfIdle(group, now);
    }
  }

  /** Whether it has used its rate up is seen when its turn comes. */
  #place(group: Group): void {
    const { concurrency = Infinity } = (group.name === undefined ? undefined : this.limits.groups) ?? {};
    const canStart = group.hasReady && group.paused === undefined && group.running < concurrency;
    if (!canStart) this.#stand(group, undefined);
    else if (!this.#standing.has(group)) this.#stand(group, 'open');
  }

  #stand(group: Group, where: 'open' | 'later' | undefined): void {
    const before = this.#standing.get(group);
    if (before === where) return;
    if (before === 'open') this.#open.remove(group);
    if (before === 'later') this.#later.remove(group);
    if (where === undefined) return void this.#standing.delete(group);
    this.#standing.set(group, where);
    if (where === 'open') this.#open.add(group);
    else this.#later.add(group);
  }

  #forgetIfIdle(group: Group, now: number): void {
    const rate = this.#rateOf(group);
    if (group.isForgettable(rate, now)) {
      this.#stand(group, undefined);
      this.#groups.delete(group.name);
    } else if (
      group.waiting === 0 &&
      group.running === 0 &&
      group.paused === undefined &&
      !this.#standing.has(group)
    ) {
      // Its last starts still count: it is let go once they do not.
      group.freeAt = now + (rate?.per ?? 0);
      this.#stand(group, 'later');
    }
  }
}
