import { AsyncLocalStorage } from 'node:async_hooks';
import { DEFAULT_MAX_STALLS } from '../../core/settlement.js';
import { isHeld } from '../../core/held-schedule.js';
import type { MoreWork, RunnerOptions } from '../../runtime/runner.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { FakeClock } from '../fake-clock.js';
import { withMore, type Driver } from './driver.js';
import type { JobRun } from './job-run.js';
import { PlannedTrouble } from './planned-trouble.js';
import type { QueueAlias } from './process-storage.js';
import { failAssertion } from './queued-job.js';
import { runAlone } from './run-alone.js';
import { TestProcess } from './test-process.js';

/** What is due and yet never runs must not make time stand still: a step is at least so long, the more in vain. */
const LONGEST_VAIN_STEP = 1_000;
const RESCUED_AT_ONCE = 1_000;

export const NO_RUNNER =
  'Nothing here runs jobs: either app.init() was not called yet, or the module has workers: false or no job to handle';

export interface TestDriverOptions {
  readonly storage: Storage;
  readonly clock: FakeClock;
  /** Told whenever time has moved. */
  readonly onTime: (now: Date) => unknown;
  /** Runs of one call that are more than a test can mean. */
  readonly mostRuns: number;
}

/** Runs jobs when it is told to, one after another, and moves the time of the whole application. */
export class TestDriver implements Driver {
  readonly trouble = new PlannedTrouble();
  readonly #options: TestDriverOptions;
  readonly #inside = new AsyncLocalStorage<true>();
  #runner: RunnerOptions | undefined;
  #process: TestProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isReady = false;
  #isClosed = false;

  constructor(options: TestDriverOptions) {
    this.#options = options;
  }

  /** How the application would have its jobs run. */
  prepare(runner: RunnerOptions): void {
    this.#runner = runner;
  }

  add(work: MoreWork): void {
    if (this.#runner) this.#runner = withMore(this.#runner, work);
    this.#process?.add(work);
  }

  /** Whether the caller is the code of a job that runs now. */
  get isInside(): boolean {
    return this.#inside.getStore() === true;
  }

  /** Runs what is due, and what that makes due, until nothing is. */
  drain(): Promise<readonly JobRun[]> {
    return this.#alone('drain', () => this.#drain());
  }

  /** Runs what becomes due in that time, at its time. Milliseconds. */
  advance(length: number): Promise<readonly JobRun[]> {
    return this.#process === undefined
      ? this.#alone('advance', () => this.#advance(length))
      : this.#advanceDuring(this.#process, length);
  }

  /** Runs one job, whatever else is due. */
  run(job: NewJob): Promise<JobRun> {
    const { storage } = this.#options;
    const work = (alias: QueueAlias) => this.#withProcess({ alias }, (process) => this.#quiet(process));
    return this.#alone('run', () => runAlone(storage, job, work));
  }

  /** False when no job was at work. */
  async crash(): Promise<boolean> {
    if (this.#process?.isWorking !== true) return false;
    this.#process.kill();
    return true;
  }

  /** Nothing runs until the test says so. */
  async start(): Promise<void> {
    this.#isReady = true;
  }

  /** The application has booted. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whatever is at work is left where it is: the test is over. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    this.#process?.kill();
  }

  /** One at a time: two would move one clock. */
  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.isInside) {
      failAssertion(`${what}() cannot be called by a job that runs: it would wait for itself`);
    }
    const turn = this.#last.then(() => {
      if (this.#isClosed) failAssertion('The application is closed: no job runs any more');
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #drain(): Promise<readonly JobRun[]> {
    return (await this.#step()).runs;
  }

  async #advance(length: number): Promise<readonly JobRun[]> {
    const { clock } = this.#options;
    const end = clock.now() + length;
    const runs: JobRun[] = [];
    for (let vain = 0; ; vain++) {
      const process = await this.#step();
      runs.push(...process.runs);
      this.#checkCount(runs.length, 'advance');
      if (process.runs.length > 0) vain = 0;
      const next = await this.#nextDueAt(process.nextIn, Math.min(2 ** vain, LONGEST_VAIN_STEP));
      if (next > end) break;
      await this.#moveTo(next);
    }
    await this.#moveTo(end);
    return runs;
  }

  async #step(): Promise<TestProcess> {
    await this.#options.storage.rescue(RESCUED_AT_ONCE, DEFAULT_MAX_STALLS);
    return this.#withProcess({}, (process) => this.#untilNothingIsDue(process));
  }

  /** A job is at work meanwhile: its heartbeats, its timeout and all other timers of its process fire. */
  async #advanceDuring(process: TestProcess, length: number): Promise<readonly JobRun[]> {
    const { clock } = this.#options;
    const end = clock.now() + length;
    const before = process.runs.length;
    for (let next = clock.nextAt; next !== undefined && next <= end; next = clock.nextAt) {
      await this.#moveTo(next);
      await this.#answered(process);
    }
    await this.#moveTo(end);
    return process.runs.slice(before);
  }

  async #withProcess(
    options: { readonly alias?: QueueAlias },
    work: (process: TestProcess) => Promise<void>,
  ): Promise<TestProcess> {
    const process = this.#spawn(options.alias);
    this.#process = process;
    try {
      await process.start();
      await work(process);
      if (!process.isDead) await process.stop();
      return process;
    } finally {
      // Not even a timer is left of it.
      process.kill();
      this.#process = undefined;
    }
  }

  #spawn(alias?: QueueAlias): TestProcess {
    const runner = this.#runner;
    if (runner === undefined) failAssertion(NO_RUNNER);
    const names = alias === undefined ? Object.keys(runner.queues) : [alias.shown];
    return new TestProcess({
      // One slot each, so that jobs run in their order.
      runner: { ...runner, queues: Object.fromEntries(names.map((queue) => [queue, 1])) },
      clock: this.#options.clock,
      trouble: this.trouble,
      enter: (run) => this.#inside.run(true, run),
      ...(alias === undefined ? {} : { alias }),
    });
  }

  async #untilNothingIsDue(process: TestProcess): Promise<void> {
    for (let runs = -1; !process.isDead && process.runs.length > runs;) {
      runs = process.runs.length;
      this.#checkCount(runs, 'drain');
      await this.#quiet(process);
      // Whatever became due without a word is found by looking once more.
      process.look();
      await this.#quiet(process);
    }
  }

  async #quiet(process: TestProcess): Promise<void> {
    for (;;) {
      const change = process.change();
      await this.#options.clock.advance(0);
      if (process.isDead || process.isQuiet) return;
      this.#checkCount(process.runs.length, 'drain');
      await change;
    }
  }

  async #answered(process: TestProcess): Promise<void> {
    for (;;) {
      const change = process.change();
      await this.#options.clock.advance(0);
      if (process.isDead || process.isAnswered) return;
      await change;
    }
  }

  /** Milliseconds since the epoch; `Infinity` when nothing waits for a time. */
  async #nextDueAt(nextIn: number | undefined, leastStep: number): Promise<number> {
    const { storage, clock } = this.#options;
    const now = clock.now();
    const schedules = await storage.schedules();
    const { jobs } = await storage.list({ state: 'running', limit: RESCUED_AT_ONCE });
    const times = [
      now + (nextIn ?? Infinity),
      ...schedules.map(({ nextAt }) => (isHeld(nextAt) ? Infinity : nextAt)),
      // What a crash left behind comes back when its lease is over.
      ...jobs.map(({ leaseUntil = Infinity }) => leaseUntil),
    ];
    return Math.max(Math.ceil(Math.min(...times)), now + leastStep);
  }

  async #moveTo(time: number): Promise<void> {
    const { clock, onTime } = this.#options;
    await clock.advance(time - clock.now());
    await onTime(new Date(clock.now()));
  }

  #checkCount(runs: number, what: string): void {
    if (runs < this.#options.mostRuns) return;
    failAssertion(
      `${what}() ran ${runs} jobs and more are due. Does a job queue itself? Else raise the option mostRuns`,
    );
  }
}
