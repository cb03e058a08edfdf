import assert from 'node:assert/strict';
import { QueueHandle } from '../../../client/queue-handle.js';
import { systemClock, type Clock } from '../../../core/clock.js';
import type { JobContext } from '../../../core/job-context.js';
import { defineJob, type JobOptions } from '../../../core/job-definition.js';
import type { JobRecord, JobState } from '../../../core/job.js';
import type { JobHandler } from '../../../runtime/handler.js';
import type { RunnerEvent } from '../../../runtime/runner-event.js';
import { Runner, type RunnerOptions } from '../../../runtime/runner.js';
import type { Storage } from '../../../storage/storage.js';
import { FaultyStorage } from '../../faulty-storage.js';
import { ContractContext } from '../contract-context.js';
import type { StorageUnderTest } from '../storage-under-test.js';

/**
 * A runner of a case, the storage it sees, and what it told.
 * @publicApi
 */
export interface RunnerUnderTest {
  readonly runner: Runner;
  /** The way of this runner alone to the data: broken, it is as if its network were. */
  readonly storage: FaultyStorage;
  readonly events: readonly RunnerEvent[];
}

/**
 * A class of jobs of a case, and who runs it.
 * @publicApi
 */
export interface WorkUnderTest {
  /** A job with this value as its payload. */
  job(value?: unknown): object;
  readonly handler: JobHandler;
}

/** What a job of a case does. `value` is what its job was made with. @publicApi */
export type Work = (context: JobContext, value: unknown) => unknown;

/**
 * What a case of the runtime contract works with: a queue, and runners that each have their own way to the
 * storage. Stops and closes all of it.
 * @publicApi
 */
export class RuntimeContext {
  readonly #contract: ContractContext;
  readonly #clock: Clock;
  readonly #started: RunnerUnderTest[] = [];
  readonly storage: Storage;
  /** On a way of its own to the storage. */
  readonly handle: QueueHandle;
  readonly handleStorage: FaultyStorage;

  private constructor(contract: ContractContext, clock: Clock) {
    this.#contract = contract;
    this.#clock = clock;
    this.storage = contract.storage;
    this.handleStorage = new FaultyStorage(contract.storage);
    this.handle = new QueueHandle(this.handleStorage, { clock });
  }

  static async open(subject: StorageUnderTest): Promise<RuntimeContext> {
    return new RuntimeContext(await ContractContext.open(subject), subject.clock ?? systemClock);
  }

  /** Defines a class of jobs. */
  work(name: string, work: Work, options: JobOptions = {}): WorkUnderTest {
    class Job {
      constructor(readonly value?: unknown) {}
    }
    const definition = defineJob<object>(Job, { name, ...options });
    const run = (job: object, context: JobContext) => work(context, (job as Job).value);
    return { job: (value) => new Job(value), handler: { definition, run } };
  }

  /** Starts a runner for these jobs; its lease is 300 ms. */
  async start(
    works: readonly WorkUnderTest[],
    options: Partial<RunnerOptions> = {},
  ): Promise<RunnerUnderTest> {
    const [inner] = await this.#contract.rivals(1);
    assert.ok(inner);
    const storage = new FaultyStorage(inner);
    const events: RunnerEvent[] = [];
    const handlers = works.map(({ handler }) => handler);
    const own = {
      storage,
      handlers,
      clock: this.#clock,
      onEvent: (event: RunnerEvent) => void events.push(event),
    };
    const runner = new Runner({ queues: { default: 4 }, lease: 300, pollInterval: 100, ...options, ...own });
    const started = { runner, storage, events };
    this.#started.push(started);
    await runner.start();
    return started;
  }

  /** Waits, in real time and the storage's, until the condition holds. */
  eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    return this.#contract.eventually(condition, what);
  }

  /** Waits until the job is in that state. */
  async reached(id: string, state: JobState): Promise<JobRecord> {
    await this.eventually(async () => (await this.record(id)).state === state, `${id} is ${state}`);
    return this.record(id);
  }

  async record(id: string): Promise<JobRecord> {
    const [record] = await this.storage.info([id]);
    assert.ok(record, `${id} must have a record`);
    return record;
  }

  /** Lets that much time pass, for what must not happen meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    const end = (await this.storage.now()) + milliseconds;
    await this.eventually(async () => (await this.storage.now()) >= end, 'time passes');
  }

  /** Waits for a promise that needs time to pass. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    void promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    await this.eventually(() => isSettled, 'the promise is settled');
    return promise;
  }

  async close(): Promise<void> {
    this.handleStorage.heal();
    for (const { storage } of this.#started) storage.heal();
    const stops = this.#started.map(({ runner }) => runner.stop({ now: true }));
    try {
      await this.settled(Promise.all(stops));
    } finally {
      await this.#contract.close();
    }
  }
}
