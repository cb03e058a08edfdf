import { Carrying } from '../../client/enqueue/carrying.js';
import { JobPreparer } from '../../client/enqueue/job-preparer.js';
import { QueueHandle } from '../../client/queue-handle.js';
import type { QueueOptions } from '../../client/enqueue/queue-options.js';
import { systemChance, systemClock, type Clock } from '../../core/clock.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import { createIdGenerator } from '../../core/job-id.js';
import { definitionOf, type JobClass } from '../../core/job-definition.js';
import type { ResultOf } from '../../core/job-result.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { MemoryStorage } from '../../drivers/memory/memory-storage.js';
import { JobsSettings } from '../../nest/jobs-settings.js';
import { Surroundings } from '../../nest/surroundings.js';
import type { NewJob } from '../../storage/new-job.js';
import { Storage } from '../../storage/storage.js';
import { FakeClock } from '../fake-clock.js';
import type { Driver } from './driver.js';
import { InlineQueueHandle } from './inline-queue-handle.js';
import type { JobRun } from './job-run.js';
import type { ModuleBuilder } from './module-builder.js';
import { failAssertion, readQueued, unexpected, type QueuedJob, type QueuedMatch } from './queued-job.js';
import { RealDriver } from './real-driver.js';
import { TestDriver } from './test-driver.js';

const OPTIONS = ['mode', 'now', 'storage', 'onTime', 'mostRuns'] as const;
const MODES = ['manual', 'inline', 'real'] as const;

/** Options of `JobsTesting.install`. @publicApi */
export interface JobsTestingOptions {
  /**
   * `manual`: nothing runs until `drain`, `advance` or `run` says so. `inline`: besides, `queue()` resolves only when
   * the job, if it is due, has run, and whatever it made due. `real`: the workers of production, in real time.
   * @default 'manual'
   */
  readonly mode?: 'manual' | 'inline' | 'real';
  /** When the test begins, as a `Date` or ISO text. Not in mode `real`. @default 2030-01-01T00:00Z */
  readonly now?: Date | string;
  /**
   * Makes the storage, in the place of the application's; gets the clock to give to it. `'application'`: keeps the
   * application's own, whose time is then real unless `onTime` moves it.
   * @default (clock) => new MemoryStorage({ clock })
   */
  readonly storage?: 'application' | ((clock: Clock) => Storage);
  /** Awaited whenever the time was moved: for what else has a clock, such as a database or fake timers. */
  readonly onTime?: (now: Date) => unknown;
  /** More runs than this in one call are taken for an endless loop. @default 10_000 */
  readonly mostRuns?: number;
}

/**
 * Drives the jobs of an application under test, with any test runner. Time stands still until it is moved, and moves
 * for all at once: delays, backoff, schedules, leases. Jobs run one after another, through all that they go through in
 * production: JSON and back, injection, retries, the storage.
 * @publicApi
 */
export class JobsTesting {
  /** The time of the jobs. In mode `real` it has no effect. */
  readonly clock: FakeClock;
  readonly #mode: (typeof MODES)[number];
  readonly #options: JobsTestingOptions;
  #application: Application | undefined;

  private constructor(options: JobsTestingOptions) {
    checkKnownOptions(options, OPTIONS, 'JobsTesting');
    const { mode = 'manual', now = '2030-01-01T00:00:00Z' } = options;
    if (!MODES.includes(mode)) {
      throw new InvalidOptionError(
        `JobsTesting: mode ${JSON.stringify(mode)} is none of ${MODES.join(', ')}`,
      );
    }
    this.#mode = mode;
    this.#options = options;
    this.clock = new FakeClock(parseTime(now));
  }

  /**
   * Prepares a module that is about to be compiled: `JobsTesting.install(Test.createTestingModule({ imports: [AppModule] }))`.
   * The builder stays yours; compile it, and call `app.init()`. `app.close()` ends everything.
   */
  static install(builder: ModuleBuilder, options: JobsTestingOptions = {}): JobsTesting {
    const testing = new JobsTesting(options);
    testing.#override(builder);
    return testing;
  }

  /** The time of the jobs. */
  now(): Date {
    return new Date(this.#time().now());
  }

  // Running

  /** Runs all jobs that are due, and those that these make due, until none is. Resolves with the runs, in order. */
  drain(): Promise<readonly JobRun[]> {
    return this.#running().driver.drain();
  }

  /**
   * Moves the time on. All that becomes due on the way runs at its time: delayed jobs, retries, schedules, and what a
   * crash left behind. What is due already runs first. While a job is at work, only the time moves: its timeout and its
   * heartbeats come. Records are not pruned.
   */
  async advance(duration: Duration): Promise<readonly JobRun[]> {
    return this.#running().driver.advance(parseDuration(duration, 'advance()'));
  }

  /**
   * Runs one job alone, once, and resolves with what it returned or rejects with what it threw, itself. It goes the
   * whole way through the storage, and leaves nothing there; a delay, a unique key and a group do not hold it up.
   */
  async run<J extends object>(job: J, options?: QueueOptions): Promise<ResultOf<J>> {
    const { driver, preparer, settings } = this.#running();
    const [laden] = new Carrying(settings.context.carriers).load([preparer.prepare(job, options)]);
    const run = await driver.run(laden as NewJob);
    if ('error' in run) throw run.error;
    if ('result' in run) return run.result as ResultOf<J>;
    return failAssertion(`Job '${run.name}' did not come to an end of its own: it is ${run.outcome}`);
  }

  // Looking

  /** The jobs of the class that were queued and match, in whatever state, the oldest first, as long as records are kept. */
  async queued<J extends object>(
    jobClass: JobClass<J>,
    match: QueuedMatch<J> = {},
  ): Promise<readonly QueuedJob<J>[]> {
    const all = await this.#all(jobClass);
    return all.filter((job) => unexpected(jobClass, [job], match, undefined) === undefined);
  }

  /** Rejects with a message that shows the nearest job unless one that matches was queued; with `times`, exactly so many. */
  async expectQueued<J extends object>(
    jobClass: JobClass<J>,
    match: QueuedMatch<J> & { readonly times?: number } = {},
  ): Promise<void> {
    const problem = await this.explainQueued(jobClass, match);
    if (problem !== undefined) failAssertion(problem);
  }

  /** Rejects when a job that matches was queued. */
  expectNotQueued<J extends object>(jobClass: JobClass<J>, match: QueuedMatch<J> = {}): Promise<void> {
    return this.expectQueued(jobClass, { ...match, times: 0 });
  }

  /** The message of `expectQueued`, for matchers; `undefined` where all is as expected. */
  async explainQueued<J extends object>(
    jobClass: JobClass<J>,
    { times, ...match }: QueuedMatch<J> & { readonly times?: number } = {},
  ): Promise<string | undefined> {
    return unexpected(jobClass, await this.#all(jobClass), match as QueuedMatch<J>, times);
  }

  // Trouble

  /** Has the next `times` runs of the class throw this, in the place of their code. */
  failNext(jobClass: JobClass, error: unknown, times = 1): void {
    this.#running().driver.trouble.fail(nameOf(jobClass), error, times);
  }

  /**
   * Has the next `times` runs of the class delivered once more, though they end well: at least once is what a queue
   * promises. What ends by `context.completeIn` is not delivered again.
   */
  duplicateDelivery(jobClass: JobClass, times = 1): void {
    this.#running().driver.trouble.repeat(nameOf(jobClass), times);
  }

  /**
   * The worker dies in mid-run, as by `kill -9`: nothing of what is at work is recorded, and its job runs again when its
   * lease is over (`advance('30s')`). Its code cannot be stopped; what it still does, it does in vain. To be called while
   * a job is at work, such as by what the job calls.
   */
  async crash(): Promise<void> {
    if (!(await this.#running().driver.crash())) failAssertion('crash(): no job is at work');
  }

  async #all<J extends object>(jobClass: JobClass<J>): Promise<readonly QueuedJob<J>[]> {
    const { storage, settings } = this.#running();
    return readQueued(storage, jobClass, settings.codec);
  }

  #time(): Clock {
    return this.#mode === 'real' ? systemClock : this.clock;
  }

  #running(): Application {
    return this.#application ?? failAssertion('JobsTesting: the module was not compiled yet');
  }

  #override(builder: ModuleBuilder): void {
    const { storage = (clock: Clock) => new MemoryStorage({ clock }) } = this.#options;
    const clock = this.#time();
    if (storage !== 'application')
      builder.overrideProvider(Storage).useFactory({ factory: () => storage(clock) });
    builder.overrideProvider(Surroundings).useFactory({
      factory: (settings: JobsSettings, actual: Storage) => this.#surround(settings, actual),
      inject: [JobsSettings, Storage],
    });
  }

  #surround(settings: JobsSettings, storage: Storage): Surroundings {
    const clock = this.#time();
    const driver = this.#driver(storage);
    const createId = createIdGenerator(clock, systemChance);
    const preparer = new JobPreparer(createId, settings.defaults, settings.codec, settings.definitions);
    this.#application = { driver, storage, settings, preparer };
    return {
      clock,
      chance: systemChance,
      createQueueHandle: (actual, given) =>
        this.#mode === 'inline'
          ? new InlineQueueHandle(actual, given, () => this.#runInline())
          : new QueueHandle(actual, given),
      createRunner: (runner) => {
        driver.prepare(runner);
        return driver;
      },
    };
  }

  #driver(storage: Storage): Driver {
    const { onTime = () => {}, mostRuns = 10_000 } = this.#options;
    if (this.#mode === 'real') return new RealDriver(storage);
    return new TestDriver({ storage, clock: this.clock, onTime, mostRuns });
  }

  // What a job itself queues runs after it; what is queued while the application boots, once it has.
  async #runInline(): Promise<void> {
    const { driver } = this.#running();
    if (driver instanceof TestDriver && driver.isReady && !driver.isInside) await driver.drain();
  }
}

interface Application {
  readonly driver: Driver;
  readonly storage: Storage;
  readonly settings: JobsSettings;
  readonly preparer: JobPreparer;
}

function nameOf(jobClass: JobClass): string {
  const name = definitionOf(jobClass)?.name;
  if (name !== undefined) return name;
  throw new InvalidOptionError(
    `JobsTesting: ${jobClass.name} is not a job: decorate it with @Job({ name: '…' })`,
  );
}

function parseTime(now: Date | string): number {
  const time = new Date(now).getTime();
  if (!Number.isNaN(time)) return time;
  throw new InvalidOptionError(`JobsTesting: now ${JSON.stringify(now)} is no time`);
}
