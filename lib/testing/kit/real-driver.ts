import { sleep, systemClock } from '../../core/clock.js';
import type { MoreWork, RunnerOptions } from '../../runtime/runner.js';
import type { Storage } from '../../storage/storage.js';
import { withMore, type Driver } from './driver.js';
import type { JobRun } from './job-run.js';
import type { NewJob } from '../../storage/new-job.js';
import type { QueueAlias } from './process-storage.js';
import { NO_RUNNER } from './test-driver.js';
import { runAlone } from './run-alone.js';
import { PlannedTrouble } from './planned-trouble.js';
import { failAssertion } from './queued-job.js';
import { TestProcess } from './test-process.js';

const LOOK_AGAIN = 5;

/** The workers as in production, in real time; a crash has another process come up. */
export class RealDriver implements Driver {
  readonly trouble = new PlannedTrouble();
  readonly #storage: Storage;
  #earlier: readonly JobRun[] = [];
  #runner: RunnerOptions | undefined;
  #process: TestProcess | undefined;
  #isStopped = false;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  prepare(runner: RunnerOptions): void {
    this.#runner = runner;
  }

  add(work: MoreWork): void {
    if (this.#runner) this.#runner = withMore(this.#runner, work);
    this.#process?.add(work);
  }

  async start(): Promise<void> {
    this.#process = this.#spawn();
    await this.#process.start();
  }

  async stop(options?: { readonly now?: boolean }): Promise<void> {
    this.#isStopped = true;
    await this.#process?.stop(options);
  }

  /** Resolves when nothing is due and nothing runs, with the runs that ended since the last call. */
  async drain(): Promise<readonly JobRun[]> {
    if (this.#process === undefined) failAssertion(NO_RUNNER);
    while (!(await this.#isIdle())) await sleep(systemClock, LOOK_AGAIN);
    const runs = [...this.#earlier, ...this.#process.runs.splice(0)];
    this.#earlier = [];
    return runs;
  }

  advance(): Promise<never> {
    return failAssertion("advance(): in mode 'real' time is real. Use mode 'manual' or 'inline'");
  }

  run(job: NewJob): Promise<JobRun> {
    return runAlone(this.#storage, job, async (alias) => {
      const process = this.#spawn(alias);
      await process.start();
      while (process.runs.length === 0) await process.change();
      await process.stop();
      return process;
    });
  }

  /** False when no job was at work. */
  async crash(): Promise<boolean> {
    if (this.#process?.isWorking !== true) return false;
    this.#process.kill();
    this.#earlier = [...this.#earlier, ...this.#process.runs];
    if (!this.#isStopped) await this.start();
    return true;
  }

  #spawn(alias?: QueueAlias): TestProcess {
    const runner = this.#runner ?? failAssertion(NO_RUNNER);
    return new TestProcess({
      runner: alias === undefined ? runner : { ...runner, queues: { [alias.shown]: 1 } },
      clock: systemClock,
      trouble: this.trouble,
      enter: (run) => run(),
      ...(alias === undefined ? {} : { alias }),
    });
  }

  async #isIdle(): Promise<boolean> {
    const stats = await this.#storage.stats();
    const worked = new Set(Object.keys(this.#runner?.queues ?? {}));
    return stats.every(
      ({ queue, ready, running, paused }) =>
        running === 0 && (ready === 0 || paused !== undefined || !worked.has(queue)),
    );
  }
}
