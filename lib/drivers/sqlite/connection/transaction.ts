import type { SignalHub } from '../../../storage/signal.js';
import { lineUp } from '../groups/group-line.js';
import { recentEnds } from '../schema/recent-ends.js';
import type { Statements } from './sqlite-client.js';

const COUNT = `
  update jobs_queue set completed = completed + ?, failed = failed + ? where name = ?`;
const HAS_LIMITS = `select 1 from jobs_queue where name = ? and limits is not null`;
const PULSE = `update jobs_pulse set beats = beats + 1 where kind = ?`;

interface Counts {
  completed: number;
  failed: number;
}

/** One write transaction: its time, and what is told or added up once for all that happens in it. */
export class Transaction {
  readonly #counts = new Map<string, Counts>();
  readonly #ready = new Set<string>();
  readonly #pulses = new Set<'cancel' | 'schedule'>();
  readonly #groups = new Set<number>();
  readonly #left = new Set<string>();

  constructor(
    readonly sql: Statements,
    /** Milliseconds since the epoch; the same for all that happens in the transaction. */
    readonly now: number,
  ) {}

  /** Jobs of the queue may have become ready. */
  noteReady(queue: string): void {
    this.#ready.add(queue);
  }

  /** A job of the queue ended: where that is bounded, others may wait for its place. */
  noteEnd(queue: string): void {
    this.#left.add(queue);
  }

  /** What jobs of the group are ready, or whether one may start, may have changed. */
  noteGroup(group: number | null): void {
    if (group !== null) this.#groups.add(group);
  }

  /** Puts the groups that were noted into line: before anything is claimed, and at the end. */
  lineUp(): void {
    for (const group of this.#groups) lineUp(this.sql, group, this.now);
    this.#groups.clear();
  }

  /** Other processes should hear of it, too. */
  notePulse(kind: 'cancel' | 'schedule'): void {
    this.#pulses.add(kind);
  }

  count(queue: string, what: keyof Counts, times = 1): void {
    let counts = this.#counts.get(queue);
    if (counts === undefined) this.#counts.set(queue, (counts = { completed: 0, failed: 0 }));
    counts[what] += times;
  }

  /** Writes what was added up: the last thing before the commit. */
  finish(): void {
    this.lineUp();
    for (const queue of this.#left)
      if (this.sql.first(HAS_LIMITS, queue) !== undefined) this.noteReady(queue);
    for (const [queue, counts] of this.#counts) {
      this.sql.run(COUNT, counts.completed, counts.failed, queue);
      recentEnds.count(this.sql, this.now, queue, counts);
    }
    for (const kind of this.#pulses) this.sql.run(PULSE, kind);
  }

  /** Tells this process what happened, once it has. */
  announce(hub: SignalHub): void {
    if (this.#ready.size > 0) hub.emit({ kind: 'ready', queues: [...this.#ready] });
    for (const kind of this.#pulses) hub.emit({ kind });
  }
}
