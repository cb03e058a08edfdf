import { onTestFinished } from 'vitest';
import type { JobContext } from '../../../lib/core/job-context.js';
import { defineJob, type JobOptions } from '../../../lib/core/job-definition.js';
import type { JobRecord } from '../../../lib/core/job.js';
import { DEFAULT_POLICY, encodePolicy, type Policy } from '../../../lib/core/policy.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import type { JobHandler } from '../../../lib/runtime/handler.js';
import type { RunnerEvent } from '../../../lib/runtime/runner-event.js';
import type { RunnerOptions } from '../../../lib/runtime/runner-options.js';
import { Runner } from '../../../lib/runtime/runner.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { WatchedStorage } from './watched-storage.js';

export type Code = (job: object, context: JobContext) => unknown;

/** Chance that always falls in the middle, so that jitter is nothing. */
export const middle = { random: () => 0.5, fill: (bytes: Uint8Array) => void bytes.fill(7) };

/** A runner, its storage and the clock of both. */
export class Stage {
  readonly clock = new FakeClock();
  readonly storage = new WatchedStorage({ clock: this.clock });
  readonly events: RunnerEvent[] = [];
  readonly runner: Runner;
  #jobs = 0;

  private constructor(code: Readonly<Record<string, Code>> | Code, options: Partial<RunnerOptions>) {
    const table = typeof code === 'function' ? { work: code } : code;
    this.runner = new Runner({
      storage: this.storage,
      handlers: Object.entries(table).map(([name, run]) => handler(name, run)),
      queues: { default: 1 },
      clock: this.clock,
      chance: middle,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Open, and the runner started unless told otherwise. */
  static async set(
    code: Readonly<Record<string, Code>> | Code,
    { isStarted = true, ...options }: Partial<RunnerOptions> & { isStarted?: boolean } = {},
  ): Promise<Stage> {
    const stage = new Stage(code, options);
    await stage.storage.open();
    if (isStarted) {
      await stage.runner.start();
      await stage.pass(0);
    }
    onTestFinished(async () => {
      stage.storage.trouble = {};
      const stopped = stage.runner.stop({ now: true });
      await stage.pass(60_000);
      await stopped;
    });
    return stage;
  }

  /** Queues a job and lets what follows at once happen. Returns its id. */
  async queue(job: Partial<Omit<NewJob, 'policy'>> & { policy?: Partial<Policy> } = {}): Promise<string> {
    const id = await this.put(job);
    await this.pass(0);
    return id;
  }

  /** Queues a job without a pause. */
  async put(job: Partial<Omit<NewJob, 'policy'>> & { policy?: Partial<Policy> } = {}): Promise<string> {
    const id = `job-${++this.#jobs}`;
    const policy = encodePolicy({ ...DEFAULT_POLICY, ...job.policy });
    const rest = { name: 'work', queue: 'default', payload: '{}', priority: 0, due: { in: 0 } };
    await this.storage.push([{ id, ...rest, ...job, policy }]);
    return id;
  }

  async pass(milliseconds: number): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await this.clock.advance(0);
    await this.clock.advance(milliseconds);
    for (let turn = 0; turn < 5; turn++) await this.clock.advance(0);
  }

  /** Time goes by while no timer can fire. */
  block(milliseconds: number): void {
    this.clock.set(this.clock.now() + milliseconds);
  }

  async record(id: string): Promise<JobRecord | undefined> {
    const [record] = await this.storage.info([id]);
    return record;
  }

  async state(id: string): Promise<string | undefined> {
    return (await this.record(id))?.state;
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  event<K extends RunnerEvent['kind']>(kind: K): Extract<RunnerEvent, { kind: K }> | undefined {
    return this.events.find((event): event is Extract<RunnerEvent, { kind: K }> => event.kind === kind);
  }
}

export function handler(name: string, run: Code, options: JobOptions = {}): JobHandler {
  return { definition: defineJob(class {}, { name, ...options }), run };
}

/** Code that runs until told how to end, for each of its runs in turn. */
export function held(): {
  code: Code;
  runs: { context: JobContext; resolve: (value?: unknown) => void; reject: (error: unknown) => void }[];
} {
  const runs: ReturnType<typeof held>['runs'] = [];
  const code: Code = (_, context) =>
    new Promise((resolve, reject) => void runs.push({ context, resolve, reject }));
  return { code, runs };
}

/** Code that ends as its signal asks. */
export const obedient: Code = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** Code that goes on whatever its signal says. */
export const deaf: Code = () => new Promise(() => {});
