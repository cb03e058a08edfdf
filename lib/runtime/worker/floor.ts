import type { Backoff } from '../../core/backoff.js';
import type { Chance, Clock } from '../../core/clock.js';
import type { LeasedJob } from '../../core/job.js';
import type { PerJob } from '../../core/job-definition.js';
import type { Outcome } from '../../core/outcome.js';
import type { PayloadCodec } from '../../core/payload.js';
import { decodePolicy } from '../../core/policy.js';
import { settle, type Settlement } from '../../core/settlement.js';
import type { Recorded } from '../../storage/claims.js';
import type { Deaths } from '../deaths.js';
import type { Events } from '../events.js';
import type { JobHandler } from '../handler.js';
import type { RunCall } from '../run-scope.js';
import { chooseDelay } from './custom-backoff.js';
import { Execution, type ExecutionHost } from './execution.js';
import { encodeResult } from '../../core/job-result.js';
import type { JointCompletions } from './joint-completions.js';
import type { Leases } from './leases.js';
import type { Outbox, RunEnd } from './outbox.js';
import type { Progress } from './progress.js';
import { RECORDED_AS, recordedEvent } from './recorded-event.js';
import type { RunDeadlines } from './run-deadlines.js';
import type { Slots } from './slots.js';

/** A job that must not run here just now is put off this long, rather than handed round and round. */
const HOLD_OFF = 5_000;

export interface FloorOptions {
  readonly clock: Clock;
  readonly call: RunCall;
  readonly chance: Chance;
  readonly codec: PayloadCodec | undefined;
  readonly backoff: PerJob<object, Backoff> | undefined;
  readonly events: Events;
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly slots: ReadonlyMap<string, Slots>;
  readonly leases: Leases;
  readonly deadlines: RunDeadlines;
  readonly progress: Progress;
  readonly outbox: Outbox;
  readonly joint: JointCompletions;
  readonly deaths: Deaths;
  /** The outbox has something to send, and a slot may be free. */
  readonly onEnd: () => void;
  /** A slot is free, and nothing is to be sent. */
  readonly onFree: () => void;
  /** The storage handed out a job that was not asked for. */
  readonly onUnknown: (job: LeasedJob) => void;
}

/** Where jobs are at work: takes what was claimed, starts it as slots get free, and settles how each run ends. */
export class Floor implements ExecutionHost {
  readonly clock: Clock;
  readonly codec: PayloadCodec | undefined;
  readonly call: RunCall;
  readonly #options: FloorOptions;
  /** Code that goes on after its job was settled: no second run of that job may start beside it. */
  readonly #strays = new Map<string, Execution>();
  #active = 0;
  #isOpen = true;
  #onIdle: (() => void) | undefined;

  constructor(options: FloorOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.codec = options.codec;
    this.call = options.call;
  }

  /** Whether one of the queues has slots here. Absent: any queue. */
  serves(queues: readonly string[] | undefined): boolean {
    return queues === undefined || queues.some((queue) => this.#options.slots.has(queue));
  }

  /** Takes jobs whose claim was sent at `sentAt`; `begin` starts them. */
  claim(jobs: readonly LeasedJob[], sentAt: number): void {
    const { leases, slots } = this.#options;
    const now = this.clock.monotonic();
    const deadline = leases.deadline(sentAt);
    for (const place of slots.values()) place.shorten();
    for (const job of jobs) this.#take(job, now, deadline);
    // An answer that took longer than the lease brings jobs that may be somebody else's by now.
    leases.check();
  }

  /** Starts as many of the claimed jobs as there are free slots for. */
  begin(): void {
    for (const slots of this.#options.slots.values()) slots.fill(this.clock);
  }

  /** Starts nothing more: what waits, and what is still to be claimed, goes back. */
  close(): void {
    this.#isOpen = false;
    for (const slots of this.#options.slots.values()) this.giveBack(slots.line());
  }

  giveBack(executions: readonly Execution[]): void {
    for (const execution of executions) this.settle(execution, { kind: 'released' });
  }

  /** Decides what becomes of the job, once. Its code may still run: its slot is then held until it ends. */
  settle(execution: Execution, outcome: Outcome): void {
    if (execution.isSettled) return;
    this.#leave(execution);
    const { progress, chance } = this.#options;
    const settlement = settle(execution.job, outcome, outcome.kind === 'failed' ? chance.random() : 0);
    // The last progress must be visible afterwards, and after the end it would be refused.
    if (execution.hasReported && progress.isPending(execution))
      void progress.flush().then(() => this.#send(execution, settlement));
    else this.#send(execution, settlement);
  }

  /** Frees the slot of settled code that goes on. */
  release(execution: Execution): void {
    const { slots } = execution;
    execution.isReleased = true;
    slots.release();
    slots.fill(this.clock);
    this.#options.onFree();
  }

  /** The lease is gone: nothing that the run does from now on is written. */
  disown(execution: Execution): void {
    if (execution.isSettled) return;
    this.#leave(execution);
    this.#options.leases.drop(execution);
    this.#tellLost(execution);
  }

  recorded(batch: readonly RunEnd[], results: readonly Recorded[]): void {
    const { leases, events, deaths } = this.#options;
    for (const { execution } of batch) leases.drop(execution);
    const areCompletionsHeard = events.hears('completed');
    let index = 0;
    for (const { execution, settlement } of batch) {
      const result = results[index++];
      // A completion that stood already leaves no record where none is kept.
      const isRecorded = result === 'recorded' || (execution.mayBeCompleted && result === 'gone');
      if (isRecorded && settlement.state === 'completed' && !areCompletionsHeard) continue;
      if (isRecorded && settlement.state === 'dead') deaths.ofRun(execution.job, settlement);
      if (!isRecorded) this.#tellLost(execution);
      else if (events.hears(RECORDED_AS[settlement.state])) {
        events.emit(recordedEvent(execution, settlement));
      }
    }
  }

  /** Resolves when no code is at work whose job is not settled. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  /** All code at work, settled or not. */
  running(): readonly Execution[] {
    const live = this.#options.leases.all().filter(({ isRunning, isSettled }) => isRunning && !isSettled);
    return [...live, ...this.#strays.values()];
  }

  // As the host of executions

  limit(execution: Execution, timeout: number): void {
    this.#options.deadlines.limit(execution, timeout);
  }

  ended(execution: Execution, outcome: Outcome, value?: unknown): void {
    execution.isRunning = false;
    const { slots } = execution;
    const now = this.clock.monotonic();
    execution.duration = now - execution.since;
    slots.ended(execution.isReleased);
    slots.prefetch.learn(execution.duration);
    if (execution.isLimited) this.#options.deadlines.ended(execution);
    if (execution.isSettled) {
      this.#strays.delete(execution.job.id);
      this.#options.onFree();
    } else {
      this.#active -= 1;
      const end = value === undefined ? outcome : this.#withResult(execution, outcome, value);
      if (execution.mayBeCompleted && outcome.kind !== 'completed') void this.#settleJoint(execution, end);
      else this.settle(execution, end);
    }
    this.#checkIdle();
    // To encode a result takes time of its own.
    slots.fill(this.clock, value === undefined ? now : undefined);
  }

  chooseDelay(execution: Execution, thrown: unknown, job: object): number | undefined {
    const { policy, attempt } = execution.job;
    if (decodePolicy(policy).backoff.kind !== 'custom') return undefined;
    const backoff = execution.handler.definition.options.backoff ?? this.#options.backoff;
    return chooseDelay(backoff, attempt + 1, thrown, job);
  }

  report(execution: Execution, value: unknown): void {
    const { progress, events } = this.#options;
    progress.report(execution, value);
    if (!events.hears('progressed')) return;
    events.emit({ kind: 'progressed', job: execution.reference, progress: value });
  }

  log(execution: Execution, message: string): void {
    const { events } = this.#options;
    if (events.hears('log')) events.emit({ kind: 'log', job: execution.reference, message });
  }

  async completeIn(execution: Execution, transaction: unknown, result: unknown): Promise<void> {
    const completed: Outcome = { kind: 'completed' };
    const outcome = result === undefined ? completed : this.#withResult(execution, completed, result);
    await this.#options.joint.write(execution, settle(execution.job, outcome, 0), transaction);
  }

  begun(execution: Execution): void {
    this.#active += 1;
    const { events } = this.#options;
    if (!events.hears('started')) return;
    const waited = Math.max(0, this.clock.now() - execution.job.runAt);
    events.emit({ kind: 'started', job: execution.reference, waited });
  }

  #take(job: LeasedJob, now: number, deadline: number): void {
    const { handlers, slots, leases, onUnknown } = this.#options;
    const handler = handlers.get(job.name);
    const place = slots.get(job.queue);
    if (handler === undefined || place === undefined) return onUnknown(job);
    const execution = new Execution(this, job, handler, place, now, deadline);
    if (job.group !== undefined) place.isGoverned = true;
    place.add(execution);
    leases.hold(execution);
    if (!this.#isOpen) return this.settle(execution, { kind: 'released' });
    if (this.#strays.size > 0 && this.#strays.has(job.id))
      this.settle(execution, { kind: 'snoozed', delay: HOLD_OFF });
  }

  #send(execution: Execution, settlement: Settlement): void {
    this.#options.outbox.add(execution, settlement);
    this.#options.onEnd();
  }

  #leave(execution: Execution): void {
    execution.isSettled = true;
    if (!execution.hasBegun) return execution.slots.drop();
    if (!execution.isRunning) return;
    this.#strays.set(execution.job.id, execution);
    this.#active -= 1;
    this.#checkIdle();
  }

  // A run may throw after its completion was committed. Nothing can undo that, and no other end must be told.
  async #settleJoint(execution: Execution, outcome: Outcome): Promise<void> {
    const stands = await this.#options.joint.stands(execution);
    this.settle(execution, stands ? { kind: 'completed' } : outcome);
  }

  #withResult(execution: Execution, outcome: Outcome, value: unknown): Outcome {
    if (outcome.kind !== 'completed') return outcome;
    // In a flow others may wait for it, and keep it though the record goes.
    const { policy, flow } = execution.job;
    if (decodePolicy(policy).keep.completed === false && flow === undefined) return outcome;
    const { text, problem } = encodeResult(value);
    const { events } = this.#options;
    if (problem !== undefined && events.hears('result-dropped')) {
      events.emit({ kind: 'result-dropped', job: execution.reference, problem });
    }
    return { kind: 'completed', result: text };
  }

  #checkIdle(): void {
    if (this.#active === 0) this.#onIdle?.();
  }

  #tellLost(execution: Execution): void {
    const { events } = this.#options;
    if (events.hears('lost')) events.emit({ kind: 'lost', job: execution.reference });
  }
}
