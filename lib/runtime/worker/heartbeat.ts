import type { Chance, Clock } from '../../core/clock.js';
import type { BeatAnswer, RunnerInfo } from '../../storage/claims.js';
import type { Events } from '../events.js';
import { Rounds } from '../rounds.js';
import type { Service } from '../service.js';
import { CALL_LIMIT, type StorageLink } from '../storage-link.js';
import type { Execution } from './execution.js';
import type { Leases } from './leases.js';

/** A burst of cancellations asks for one beat more, not for one each. Milliseconds. */
const GAP = 50;

export interface HeartbeatOptions {
  readonly link: StorageLink;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly events: Events;
  readonly leases: Leases;
  readonly runner: RunnerInfo;
  /** Milliseconds. */
  readonly lease: number;
  readonly onLost: (execution: Execution) => void;
  readonly onCancelled: (execution: Execution, reason: string) => void;
}

/**
 * Keeps all leases of this process alive with one call three times per lease, and learns from the answers which
 * are lost and which jobs should end. It runs on the main thread on purpose: a process whose event loop hangs
 * should lose its jobs to others.
 */
export class Heartbeat implements Service {
  readonly #options: HeartbeatOptions;
  readonly #interval: number;
  readonly #rounds: Rounds;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#interval = options.lease / 3;
    const { clock, chance } = options;
    this.#rounds = new Rounds({
      clock,
      chance,
      first: 0,
      gap: Math.min(GAP, this.#interval),
      longestRetry: this.#interval / 2,
      round: (lateBy) => this.#beat(lateBy),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  /** Beats at once: somebody may have asked a running job to end. */
  wake(): void {
    this.#rounds.wake();
  }

  async #beat(lateBy: number): Promise<number> {
    const { link, leases, clock, chance, runner, lease } = this.#options;
    if (lateBy > this.#interval) this.#warn(lateBy);
    leases.check();
    // Answers name jobs: a lost old lease must not be taken for the one that counts. And the row of one that completes
    // in a transaction of the application's may be locked until that ends, and all others would wait for it.
    const sent = leases.newest().filter(({ mayBeCompleted }) => !mayBeCompleted);
    const sentAt = clock.monotonic();
    const beat = { runner, lease, leases: sent.map(({ job }) => ({ id: job.id, token: job.token })) };
    // A late answer still says that the leases held at `sentAt` or after.
    const hear = (answer: BeatAnswer) => this.#hear(answer, sent, sentAt);
    const limit = Math.min(CALL_LIMIT, this.#interval);
    hear(await link.call('heartbeat', (storage) => storage.heartbeat(beat), { limit, late: hear }));
    return this.#interval * (0.9 + chance.random() / 5);
  }

  #hear(answer: BeatAnswer, sent: readonly Execution[], sentAt: number): void {
    const { leases, onLost, onCancelled } = this.#options;
    const named = (ids: ReadonlySet<string>) => sent.filter((e) => ids.has(e.job.id));
    if (answer.lost.length > 0) named(new Set(answer.lost)).forEach(onLost);
    const deadline = leases.deadline(sentAt);
    for (const execution of sent) {
      if (execution.leaseDeadline < deadline) execution.leaseDeadline = deadline;
    }
    if (answer.cancelled.length === 0) return;
    const reasons = new Map(answer.cancelled.map(({ id, reason }) => [id, reason]));
    for (const execution of named(new Set(reasons.keys()))) {
      onCancelled(execution, reasons.get(execution.job.id) ?? '');
    }
  }

  #warn(delay: number): void {
    const { events, leases } = this.#options;
    if (!events.hears('loop-blocked')) return;
    const begun = leases.all().filter(({ isRunning, isSettled }) => isRunning || isSettled);
    events.emit({ kind: 'loop-blocked', delay, jobs: begun.map(({ reference }) => reference) });
  }
}
