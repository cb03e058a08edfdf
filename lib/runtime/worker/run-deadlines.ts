import type { Clock } from '../../core/clock.js';
import { decodePolicy } from '../../core/policy.js';
import { JobTimeoutError } from '../../core/run-errors.js';
import { DeadlineTimer } from '../../core/deadline-timer.js';
import type { Execution } from './execution.js';
import type { Abort } from './run-outcome.js';

export interface RunDeadlinesOptions {
  readonly clock: Clock;
  /** Milliseconds that code gets to end once its signal aborted. */
  readonly abortGrace: number;
  readonly onTimeout: (execution: Execution, abort: Abort) => void;
  /** The code still runs when it should have ended long ago. */
  readonly onStuck: (execution: Execution) => void;
}

/** How long runs may take, and how long they may go on after an abort. Holds only runs that have such a limit. */
export class RunDeadlines {
  readonly #options: RunDeadlinesOptions;
  readonly #timeouts = new Map<Execution, number>();
  readonly #graces = new Map<Execution, number>();
  readonly #timer: DeadlineTimer;

  constructor(options: RunDeadlinesOptions) {
    this.#options = options;
    this.#timer = new DeadlineTimer(options.clock, (now) => this.#pass(now));
  }

  stop(): void {
    this.#timer.stop();
  }

  /** The run may take `timeout` milliseconds. */
  limit(execution: Execution, timeout: number): void {
    this.#put(this.#timeouts, execution, execution.since + timeout);
  }

  /** The run's signal has aborted. */
  aborted(execution: Execution): void {
    this.#timeouts.delete(execution);
    this.#put(this.#graces, execution, this.#options.clock.monotonic() + this.#options.abortGrace);
  }

  ended(execution: Execution): void {
    this.#timeouts.delete(execution);
    this.#graces.delete(execution);
  }

  #put(deadlines: Map<Execution, number>, execution: Execution, at: number): void {
    execution.isLimited = true;
    deadlines.set(execution, at);
    this.#timer.cover(at);
  }

  #pass(now: number): number {
    for (const execution of takeOver(this.#timeouts, now)) {
      const { timeout } = decodePolicy(execution.job.policy);
      const error = new JobTimeoutError(`The run took longer than its timeout of ${timeout} ms`);
      this.#options.onTimeout(execution, { kind: 'timeout', error });
    }
    for (const execution of takeOver(this.#graces, now)) this.#options.onStuck(execution);
    return Math.min(earliest(this.#timeouts), earliest(this.#graces));
  }
}

function takeOver(deadlines: Map<Execution, number>, now: number): readonly Execution[] {
  const over = [...deadlines].filter(([, at]) => at <= now).map(([execution]) => execution);
  for (const execution of over) deadlines.delete(execution);
  return over;
}

function earliest(deadlines: ReadonlyMap<Execution, number>): number {
  let first = Infinity;
  for (const at of deadlines.values()) if (at < first) first = at;
  return first;
}
