import { AsyncLocalStorage } from 'node:async_hooks';
import { DEFAULT_MAX_STALLS } from '../../core/settlement.js';
import type { RunnerOptions } from '../../runtime/runner.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { FakeClock } from '../fake-clock.js';
import { withMore, type DrivenInstance, type Driver } from './driver.js';
import type { JobRun } from './job-run.js';
import { PlannedTrouble } from './planned-trouble.js';
import type { QueueAlias } from './process-storage.js';
import { failAssertion } from './queued-job.js';
import { runAlone } from './run-alone.js';
import { isWorking, nextDueAt, type TestInstance, type WorkingInstance } from './test-instance.js';
import { TestProcess } from './test-process.js';

/** What is due and yet never runs must not make time stand still: a step is at least so long, the more in vain. */
const LONGEST_VAIN_STEP = 1_000;
const RESCUED_AT_ONCE = 1_000;

export const NO_RUNNER =
  'Nothing here runs jobs: either app.init() was not called yet, or the module has workers: false or no job to handle';

export interface TestDriverOptions {
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
  readonly #instances: TestInstance[] = [];
  #process: TestProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** The process died, or the application was closed, in the middle of it. */
  #wasCut = false;

  constructor(options: TestDriverOptions) {
    this.#options = options;
  }

  drive(storage: Storage): DrivenInstance {
    const instance: TestInstance = { storage, isReady: false };
    this.#instances.push(instance);
    return {
      prepare: (runner) => void (instance.runner = runner),
      add(work) {
        if (instance.runner) instance.runner = withMore(instance.runner, work);
        instance.process?.add(work);
      },
      // Nothing runs until the test says so.
      start: async () => void (instance.isReady = true),
      stop: () => this.#stop(),
      run: (job) => this.#alone('run', () => this.#runOne(instance, job)),
    };
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

  /** False when no job was at work. */
  async crash(): Promise<boolean> {
    if (this.#process?.isWorking !== true) return false;
    this.#process.kill();
    this.#wasCut = true;
    return true;
  }

  /** The application has booted. */
  get isReady(): boolean {
    const working = this.#instances.filter(isWorking);
    return working.length > 0 && working.every(({ isReady }) => isReady);
  }

  /** Whatever is at work is left where it is: the test is over. */
  async #stop(): Promise<void> {
    this.#isClosed = true;
    this.#wasCut = true;
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

  /** Until no instance has anything due: the jobs of one may queue some with another. */
  async #drain(): Promise<readonly JobRun[]> {
    const working = this.#working();
    const runs: JobRun[] = [];
    this.#wasCut = false;
    for (let before = -1; runs.length > before;) {
      before = runs.length;
      for (const instance of working) {
        const process = await this.#step(instance);
        runs.push(...process.runs);
        // It was the process of all instances.
        if (this.#wasCut) return runs;
        this.#checkCount(runs.length, 'drain');
      }
      if (working.length === 1) break;
    }
    return runs;
  }

  async #advance(length: number): Promise<readonly JobRun[]> {
    const { clock } = this.#options;
    const end = clock.now() + length;
    const runs: JobRun[] = [];
    await this.#checkTime();
    for (let vain = 0; ; vain++) {
      const ran = await this.#drain();
      runs.push(...ran);
      this.#checkCount(runs.length, 'advance');
      if (ran.length > 0) vain = 0;
      const next = await this.#nextDueAt(Math.min(2 ** vain, LONGEST_VAIN_STEP));
      if (next > end) break;
      await this.#moveTo(next);
    }
    await this.#moveTo(end);
    await this.#checkTime();
    return runs;
  }

  async #step(instance: WorkingInstance): Promise<TestProcess> {
    await instance.storage.rescue(RESCUED_AT_ONCE, DEFAULT_MAX_STALLS);
    const process = await this.#withProcess(instance, {}, (started) => this.#untilNothingIsDue(started));
    instance.nextIn = process.nextIn;
    return process;
  }

  #runOne(instance: TestInstance, job: NewJob): Promise<JobRun> {
    if (!isWorking(instance)) failAssertion(NO_RUNNER);
    const work = (alias: QueueAlias) =>
      this.#withProcess(instance, { alias }, (process) => this.#quiet(process));
    return runAlone(instance.storage, job, work);
  }

  #working(): readonly WorkingInstance[] {
    const working = this.#instances.filter(isWorking);
    return working.length > 0 ? working : failAssertion(NO_RUNNER);
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
    instance: WorkingInstance,
    options: { readonly alias?: QueueAlias },
    work: (process: TestProcess) => Promise<void>,
  ): Promise<TestProcess> {
    const process = this.#spawn(instance.runner, options.alias);
    this.#process = process;
    instance.process = process;
    try {
      await process.start();
      await work(process);
      if (!process.isDead) await process.stop();
      return process;
    } finally {
      // Not even a timer is left of it.
      process.kill();
      this.#process = undefined;
      delete instance.process;
    }
  }

  #spawn(runner: RunnerOptions, alias?: QueueAlias): TestProcess {
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
  async #nextDueAt(leastStep: number): Promise<number> {
    const now = this.#options.clock.now();
    const times = await Promise.all(this.#working().map((instance) => nextDueAt(instance, now)));
    return Math.max(Math.ceil(Math.min(...times)), now + leastStep);
  }

  /** Jobs that become due by a clock that nobody moves would never run, and the test not know why. */
  async #checkTime(): Promise<void> {
    const { clock } = this.#options;
    for (const { storage } of this.#working()) {
      const apart = (await storage.now()) - clock.now();
      if (Math.abs(apart) < LONGEST_VAIN_STEP) continue;
      failAssertion(
        `advance(): the clock of the ${storage.name} storage is not moved along, it is ${apart} ms apart. Give it that of the ` +
          'test (storage: (clock) => …), or move it by onTime; on PostgreSQL by a StoppedSchema',
      );
    }
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
