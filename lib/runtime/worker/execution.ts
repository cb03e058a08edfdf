import type { Clock } from '../../core/clock.js';
import type { LeasedJob } from '../../core/job.js';
import { reviveJob } from '../../core/job-definition.js';
import { InvalidPayloadError, NewerPayloadError } from '../../core/errors.js';
import type { Fields, PayloadCodec } from '../../core/payload.js';
import { checkFields, decodeJob } from '../../core/payload-form.js';
import { describeFailure } from '../../core/failure.js';
import type { JobContext } from '../../core/job-context.js';
import type { Outcome } from '../../core/outcome.js';
import { decodePolicy } from '../../core/policy.js';
import type { JobHandler } from '../handler.js';
import { apart, beginApart, type RunCall, type ScopedRun } from '../run-scope.js';
import type { JobReference } from '../runner-event.js';
import { RunContext } from './run-context.js';
import { outcomeOfReturn, outcomeOfThrow, type Abort } from './run-outcome.js';
import type { Slots } from './slots.js';

/** Until a job that is too new for this process is offered again. Milliseconds. */
const NEWER_IN = 5_000;

/** What an execution needs of the worker around it. */
export interface ExecutionHost {
  readonly clock: Clock;
  readonly codec: PayloadCodec | undefined;
  readonly call: RunCall;
  begun(execution: Execution): void;
  /** Its time starts; milliseconds. */
  limit(execution: Execution, timeout: number): void;
  /** The code has come to its end: only now its slot is free. `value` is what it returned, if it did. */
  ended(execution: Execution, outcome: Outcome, value?: unknown): void;
  chooseDelay(execution: Execution, thrown: unknown, job: object): number | undefined;
  report(execution: Execution, value: unknown): void;
  log(execution: Execution, message: string): void;
  completeIn(execution: Execution, transaction: unknown, result: unknown): Promise<void>;
}

/**
 * One leased job, from its claim until its end is recorded or its lease is lost: first it waits for a slot, then
 * its code runs, then its outcome is settled. Code that ignores its signal may go on running after that.
 */
export class Execution implements ScopedRun {
  /** Its code was started: it no longer waits for a slot. */
  hasBegun = false;
  /** Its code is at work, and holds a slot unless that was released. */
  isRunning = false;
  /** What becomes of the job is decided, or no longer ours to decide: the end of the code changes nothing. */
  isSettled = false;
  /** Its code goes on without a slot. */
  isReleased = false;
  abort: Abort | undefined = undefined;
  /** Its completion was written in a transaction of the application's, whose fate only the storage knows. */
  mayBeCompleted = false;
  /** It has a time to end by: see `RunDeadlines`. */
  isLimited = false;
  /** It told of its progress, which may not be stored yet. */
  hasReported = false;
  /** Monotonic: when it began to wait, then when it began to run. */
  since: number;
  /** Monotonic: the lease may be given to somebody else after this. */
  leaseDeadline: number;
  /** Milliseconds that it ran; set at its end. */
  duration = 0;
  /** The neighbours among the leases of the process. */
  leaseBefore: Execution | undefined = undefined;
  leaseAfter: Execution | undefined = undefined;
  readonly #host: ExecutionHost;
  /** Decoded, until its code is called. */
  #fields: Fields | undefined = undefined;
  #job: object | undefined = undefined;
  #controller: AbortController | undefined = undefined;

  constructor(
    host: ExecutionHost,
    readonly job: LeasedJob,
    readonly handler: JobHandler,
    readonly slots: Slots,
    since: number,
    leaseDeadline: number,
  ) {
    this.#host = host;
    this.since = since;
    this.leaseDeadline = leaseDeadline;
  }

  /** Runs the job's code up to its first wait, perhaps to its end. */
  start(now: number): void {
    this.hasBegun = true;
    this.isRunning = true;
    this.since = now;
    this.#host.begun(this);
    this.#fields = this.#decode();
    if (this.#fields !== undefined) beginApart(this);
  }

  code(): unknown {
    const fields = this.#fields ?? {};
    this.#fields = undefined;
    const checked = checkFields(this.handler.definition, fields);
    return checked instanceof Promise ? checked.then((settled) => this.#run(settled)) : this.#run(checked);
  }

  returned(value: unknown): void {
    this.#host.ended(this, outcomeOfReturn(value, this.abort), value);
  }

  threw(error: unknown): void {
    if (this.#job === undefined && this.abort === undefined) return this.#misfit(error);
    this.#failed(error);
  }

  #run(fields: Fields): unknown {
    if (this.abort) throw this.abort.error;
    this.#job = reviveJob(this.handler.definition, fields);
    return this.#host.call(this, this.#job, new RunContext(this));
  }

  /** Asks the code to stop, for the first reason alone. False when it was asked before. */
  stop(abort: Abort): boolean {
    if (this.abort !== undefined) return false;
    this.abort = abort;
    this.#controller?.abort(abort.error);
    return true;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.abort) this.#controller.abort(this.abort.error);
    }
    return this.#controller.signal;
  }

  report(value: unknown): void {
    this.#host.report(this, value);
  }

  log(message: string): void {
    this.#host.log(this, message);
  }

  completeIn(transaction: unknown, result: unknown): Promise<void> {
    return this.#host.completeIn(this, transaction, result);
  }

  get reference(): JobReference {
    const { id, name, queue, attempt, token } = this.job;
    return { id, name, queue, attempt: attempt + 1, token };
  }

  #decode(): Fields | undefined {
    try {
      const fields = decodeJob(this.handler.definition, this.job.payload, this.job, this.#host.codec);
      const { timeout } = decodePolicy(this.job.policy);
      if (timeout !== undefined) this.#host.limit(this, timeout);
      return fields;
    } catch (error) {
      if (error instanceof NewerPayloadError) this.#putOff(error);
      else {
        this.#tellNotRun(error);
        this.#invalid(error);
      }
      return undefined;
    }
  }

  /** A schema that found something wrong will find it again; one that broke may not. */
  #misfit(error: unknown): void {
    this.#tellNotRun(error);
    if (error instanceof InvalidPayloadError) this.#invalid(error);
    else this.#failed(error);
  }

  #tellNotRun(error: unknown): void {
    const { handler: told } = this;
    if (told.notRun === undefined || !this.isRunning) return;
    const run = (_job: object, context: JobContext) => told.notRun?.(error, context);
    const handler = { definition: told.definition, run };
    try {
      const called = { handler, job: this.job, reference: this.reference };
      apart(() => this.#host.call(called, {}, new RunContext(this)));
    } catch {
      // Whoever merely looks on changes no job's end.
    }
  }

  #invalid(error: unknown): void {
    this.#host.ended(this, { kind: 'failed', failure: describeFailure(error), final: 'invalid-payload' });
  }

  // While a new version is rolled out, old processes get its jobs as well: those are for the new ones to run.
  #putOff(error: NewerPayloadError): void {
    this.log(`put off for a newer process. ${error.message}`);
    this.#host.ended(this, { kind: 'snoozed', delay: NEWER_IN });
  }

  #failed(error: unknown): void {
    const choose = () => this.#host.chooseDelay(this, error, this.#job ?? {});
    this.#host.ended(this, outcomeOfThrow(error, this.abort, choose));
  }
}
