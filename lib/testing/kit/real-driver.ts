import { sleep, systemClock } from '../../core/clock.js';
import type { MoreWork, RunnerOptions } from '../../runtime/runner.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import { withMore, type DrivenInstance, type Driver } from './driver.js';
import type { JobRun } from './job-run.js';
import { PlannedTrouble } from './planned-trouble.js';
import type { QueueAlias } from './process-storage.js';
import { failAssertion } from './queued-job.js';
import { runAlone } from './run-alone.js';
import { NO_RUNNER } from './test-driver.js';
import { TestProcess } from './test-process.js';

const LOOK_AGAIN = 5;

/** The workers as in production, in real time; a crash has other ones come up. */
export class RealDriver implements Driver {
  readonly trouble = new PlannedTrouble();
  readonly #instances: RealInstance[] = [];

  drive(storage: Storage): DrivenInstance {
    const instance = new RealInstance(storage, this.trouble);
    this.#instances.push(instance);
    return instance;
  }

  /** Resolves when nothing is due and nothing runs, with the runs that ended since the last call. */
  async drain(): Promise<readonly JobRun[]> {
    const working = this.#instances.filter(({ isStarted }) => isStarted);
    if (working.length === 0) failAssertion(NO_RUNNER);
    while (!(await areIdle(working))) await sleep(systemClock, LOOK_AGAIN);
    return working.flatMap((instance) => instance.takeRuns());
  }

  advance(): Promise<never> {
    return failAssertion("advance(): in mode 'real' time is real. Use mode 'manual' or 'inline'");
  }

  /** False when no job was at work. */
  async crash(): Promise<boolean> {
    if (!this.#instances.some(({ isWorking }) => isWorking)) return false;
    await Promise.all(this.#instances.map((instance) => instance.crash()));
    return true;
  }
}

/** The jobs of one may queue some with another that was idle before. */
async function areIdle(instances: readonly RealInstance[]): Promise<boolean> {
  for (let round = 0; round < instances.length; round++) {
    for (const instance of instances) if (!(await instance.isIdle())) return false;
  }
  return true;
}

/** The workers of one instance of the module. */
class RealInstance implements DrivenInstance {
  readonly #storage: Storage;
  readonly #trouble: PlannedTrouble;
  #earlier: readonly JobRun[] = [];
  #runner: RunnerOptions | undefined;
  #process: TestProcess | undefined;
  #isStopped = false;

  constructor(storage: Storage, trouble: PlannedTrouble) {
    this.#storage = storage;
    this.#trouble = trouble;
  }

  get isStarted(): boolean {
    return this.#process !== undefined;
  }

  get isWorking(): boolean {
    return this.#process?.isWorking === true;
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

  run(job: NewJob): Promise<JobRun> {
    return runAlone(this.#storage, job, async (alias) => {
      const process = this.#spawn(alias);
      await process.start();
      while (process.runs.length === 0) await process.change();
      await process.stop();
      return process;
    });
  }

  async crash(): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.kill();
    this.#earlier = this.takeRuns();
    if (!this.#isStopped) await this.start();
  }

  takeRuns(): readonly JobRun[] {
    const runs = [...this.#earlier, ...(this.#process?.runs.splice(0) ?? [])];
    this.#earlier = [];
    return runs;
  }

  async isIdle(): Promise<boolean> {
    const stats = await this.#storage.stats();
    const worked = new Set(Object.keys(this.#runner?.queues ?? {}));
    return stats.every(
      ({ queue, ready, running, paused }) =>
        running === 0 && (ready === 0 || paused !== undefined || !worked.has(queue)),
    );
  }

  #spawn(alias?: QueueAlias): TestProcess {
    const runner = this.#runner ?? failAssertion(NO_RUNNER);
    return new TestProcess({
      runner: alias === undefined ? runner : { ...runner, queues: { [alias.shown]: 1 } },
      clock: systemClock,
      trouble: this.#trouble,
      enter: (run) => run(),
      ...(alias === undefined ? {} : { alias }),
    });
  }
}
