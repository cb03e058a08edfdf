import type { Clock } from '../../core/clock.js';
import type { JobContext } from '../../core/job-context.js';
import type { JobDeath } from '../../core/job-death.js';
import { Runner, type MoreWork, type RunnerOptions } from '../../runtime/runner.js';
import type { JobHandler } from '../../runtime/handler.js';
import type { JobEvent, RunnerEvent } from '../../runtime/runner-event.js';
import type { JobRun } from './job-run.js';
import type { PlannedTrouble } from './planned-trouble.js';
import { ProcessClock } from './process-clock.js';
import { ProcessStorage, type QueueAlias } from './process-storage.js';

export interface TestProcessOptions {
  /** As the application made them. */
  readonly runner: RunnerOptions;
  readonly clock: Clock;
  readonly trouble: PlannedTrouble;
  /** Runs the code of a job, so that what it calls can be told from what the test calls. */
  readonly enter: (run: () => Promise<unknown>) => Promise<unknown>;
  /** Jobs of this queue alone. */
  readonly alias?: QueueAlias;
}

/** A runner as if in a process of its own: it can die with all that it holds, and tells what its runs came to. */
export class TestProcess {
  readonly runs: JobRun[] = [];
  readonly #options: TestProcessOptions;
  readonly #clock: ProcessClock;
  readonly #storage: ProcessStorage;
  readonly #runner: Runner;
  /** What the code of each job came to, until its end is recorded. */
  readonly #ends = new Map<string, { readonly result: unknown } | { readonly error: unknown }>();
  /** Jobs whose class is just told of their death. */
  #deaths = 0;
  #changed = newChange();
  #isDead = false;

  constructor(options: TestProcessOptions) {
    const { runner, alias } = options;
    this.#options = options;
    this.#clock = new ProcessClock(options.clock);
    this.#storage = new ProcessStorage(runner.storage, () => this.#tell(), alias);
    this.#runner = new Runner({
      ...runner,
      storage: this.#storage,
      clock: this.#clock,
      handlers: runner.handlers.map((handler) => this.#surround(handler)),
      hears: () => true,
      onEvent: (event) => this.#hear(event),
    });
  }

  add({ handlers, ...work }: MoreWork): void {
    this.#runner.add({ ...work, handlers: handlers.map((handler) => this.#surround(handler)) });
  }

  start(): Promise<void> {
    return this.#runner.start();
  }

  stop(options?: { readonly now?: boolean }): Promise<void> {
    return this.#runner.stop(options);
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** No code of a job is at work, and the storage has answered everything. */
  get isQuiet(): boolean {
    return this.#storage.inFlight === 0 && this.#deaths === 0 && !this.isWorking;
  }

  /** The storage has answered everything. */
  get isAnswered(): boolean {
    return this.#storage.inFlight === 0;
  }

  get isWorking(): boolean {
    return this.#runner.running().some(({ isStray }) => !isStray);
  }

  /** Milliseconds until the next waiting job is due, as it seemed at the last look. */
  get nextIn(): number | undefined {
    return this.#storage.nextIn;
  }

  /** Has it look for what became due without a word. */
  look(): void {
    this.#storage.look();
  }

  /** Resolves when something has happened that may have made it quiet. */
  change(): Promise<void> {
    return this.#changed.promise;
  }

  /** Stops it in mid-run, as `kill -9` would. What its code still does, it does in vain. */
  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    for (const { id, name, queue, attempt } of this.#runner.running()) {
      this.runs.push({ id, name, queue, attempt, outcome: 'crashed', at: this.#now() });
    }
    this.#storage.kill();
    this.#clock.kill();
    this.#tell();
  }

  #surround(handler: JobHandler): JobHandler {
    const { enter } = this.#options;
    const run = (job: object, context: JobContext) => enter(() => this.#run(handler, job, context));
    const dead = (job: object, death: JobDeath) => enter(() => this.#runDead(handler, job, death));
    return { ...handler, run, ...(handler.dead && { dead }) };
  }

  async #run(handler: JobHandler, job: object, context: JobContext): Promise<unknown> {
    const { trouble } = this.#options;
    const { id, name } = context;
    try {
      const failure = trouble.takeFailure(name);
      if (failure) throw failure.error;
      if (trouble.takeRepetition(name)) this.#storage.deliverAgain(id);
      const result = await handler.run(job, context);
      this.#ends.set(id, { result });
      return result;
    } catch (error) {
      this.#ends.set(id, { error });
      throw error;
    } finally {
      this.#tell();
    }
  }

  async #runDead(handler: JobHandler, job: object, death: JobDeath): Promise<void> {
    this.#deaths += 1;
    try {
      await handler.dead?.(job, death);
    } finally {
      this.#deaths -= 1;
      this.#tell();
    }
  }

  #hear(event: RunnerEvent): void {
    if (this.#isDead) return;
    this.#options.runner.onEvent?.(event);
    if ('job' in event && isEnd(event)) {
      const { id, name, queue, attempt } = event.job;
      const end = this.#ends.get(id);
      this.#ends.delete(id);
      // What was claimed and never begun is no run.
      if (event.kind === 'released' && end === undefined) return;
      this.runs.push({ id, name, queue, attempt, outcome: event.kind, at: this.#now(), ...end });
      this.#tell();
    }
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = newChange();
  }
}

type EndEvent = JobEvent & { readonly kind: JobRun['outcome'] };

const ENDS: readonly string[] = [
  'completed',
  'retrying',
  'dead',
  'snoozed',
  'cancelled',
  'released',
  'lost',
] satisfies JobRun['outcome'][];

function isEnd(event: JobEvent): event is EndEvent {
  return ENDS.includes(event.kind);
}

function newChange(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}
