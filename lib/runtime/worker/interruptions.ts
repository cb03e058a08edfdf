import { JobCancelledError, LeaseLostError, ShutdownError } from '../../core/run-errors.js';
import type { Events } from '../events.js';
import type { Execution } from './execution.js';
import type { Floor } from './floor.js';
import type { RunDeadlines } from './run-deadlines.js';
import { timedOut, type Abort } from './run-outcome.js';

/** The four reasons to stop a run before its end, and what follows from each. */
export class Interruptions {
  constructor(
    readonly floor: Floor,
    readonly deadlines: RunDeadlines,
    readonly events: Events,
  ) {}

  /** Somebody asked for the job's end. */
  cancel(execution: Execution, reason: string): void {
    if (execution.isSettled) return;
    if (!execution.hasBegun) return this.floor.settle(execution, { kind: 'cancelled', reason });
    this.#abort(execution, { kind: 'cancelled', error: new JobCancelledError(reason) });
  }

  /** The lease is lost, or can no longer be trusted. */
  lose(execution: Execution): void {
    if (execution.isSettled) return;
    // What never began has nothing to lose: given back, it is found sooner, and the storage knows if it may be.
    if (!execution.hasBegun) return this.floor.settle(execution, { kind: 'released' });
    this.floor.disown(execution);
    const error = new LeaseLostError(
      `The lease of job ${execution.job.id} is lost: another runner may have it`,
    );
    if (execution.stop({ kind: 'lost', error })) this.deadlines.aborted(execution);
  }

  timeOut(execution: Execution, abort: Abort): void {
    this.#abort(execution, abort);
  }

  /** The process stops. */
  shutDown(): void {
    for (const execution of this.floor.running()) {
      this.#abort(execution, { kind: 'shutdown', error: new ShutdownError('The process stops') });
    }
  }

  /** What has not ended by now goes back; its code, if it still runs, is on its own. */
  abandon(): void {
    for (const execution of this.floor.running()) {
      if (execution.isSettled) continue;
      this.stuck(execution);
      this.floor.settle(execution, { kind: 'released' });
    }
  }

  /** The code has ignored its signal. A failed attempt counts from now on, whether its slot is still taken or not. */
  stuck(execution: Execution): void {
    const { abort } = execution;
    if (abort === undefined) return;
    const isReleased = execution.slots.mayRelease;
    if (this.events.hears('stuck')) {
      this.events.emit({ kind: 'stuck', job: execution.reference, abortedBy: abort.kind, isReleased });
    }
    if (abort.kind === 'timeout') this.floor.settle(execution, timedOut(abort));
    if (!isReleased) return;
    // Nobody waits for its end any more, so the job cannot either.
    if (abort.kind === 'cancelled') {
      this.floor.settle(execution, { kind: 'cancelled', reason: abort.error.message });
    }
    this.floor.release(execution);
  }

  #abort(execution: Execution, abort: Abort): void {
    if (!execution.isSettled && execution.stop(abort)) this.deadlines.aborted(execution);
  }
}
