import { JobPreparer } from '../../client/enqueue/job-preparer.js';
import { QueueHandle } from '../../client/queue-handle.js';
import { systemChance, systemClock, type Clock } from '../../core/clock.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import { createIdGenerator } from '../../core/job-id.js';
import { definitionOf, type JobClass } from '../../core/job-definition.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { MemoryStorage } from '../../drivers/memory/memory-storage.js';
import { InstanceNames } from '../../nest/modules/instance-name.js';
import { getInstanceToken } from '../../nest/modules/instance-token.js';
import { JobsSettings } from '../../nest/settings/jobs-settings.js';
import { Surroundings } from '../../nest/modules/surroundings.js';
import { Storage } from '../../storage/storage.js';
import { FakeClock } from '../fake-clock.js';
import type { Driver } from './driver.js';
import { InlineQueueHandle } from './inline-queue-handle.js';
import type { JobRun } from './job-run.js';
import type { ModuleBuilder } from './module-builder.js';
import { InstanceTesting, type Instance } from './instance-testing.js';
import { failAssertion } from './queued-job.js';
import { RealDriver } from './real-driver.js';
import { TestDriver } from './test-driver.js';

const OPTIONS = ['mode', 'now', 'storage', 'instances', 'onTime', 'mostRuns'] as const;
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
   * Makes the storage, in the place of the application's; gets the clock to give to it, and the name of the instance of
   * the module that it is for (`undefined`: the one without). `'application'`: keeps the application's own, whose time is
   * then real unless `onTime` moves it.
   * @default (clock) => new MemoryStorage({ clock })
   */
  readonly storage?: 'application' | ((clock: Clock, instance: string | undefined) => Storage);
  /** The names of all instances of the module that have one: `forRoot({ name: 'reports' })`. @default none */
  readonly instances?: readonly string[];
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
export class JobsTesting extends InstanceTesting {
  /** The time of the jobs. In mode `real` it has no effect. */
  readonly clock: FakeClock;
  readonly #mode: (typeof MODES)[number];
  readonly #options: JobsTestingOptions;
  readonly #driver: Driver;
  readonly #instances: Map<string | undefined, Instance>;

  private constructor(options: JobsTestingOptions) {
    const instances = new Map<string | undefined, Instance>();
    super(() => instanceOf(instances, undefined));
    this.#instances = instances;
    checkKnownOptions(options, OPTIONS, 'JobsTesting');
    const { mode = 'manual', now = '2030-01-01T00:00:00Z', onTime = () => {}, mostRuns = 10_000 } = options;
    if (!MODES.includes(mode)) {
      throw new InvalidOptionError(
        `JobsTesting: mode ${JSON.stringify(mode)} is none of ${MODES.join(', ')}`,
      );
    }
    this.#mode = mode;
    this.#options = options;
    this.clock = new FakeClock(parseTime(now));
    this.#driver =
      mode === 'real' ? new RealDriver() : new TestDriver({ clock: this.clock, onTime, mostRuns });
  }

  /**
   * Prepares a module that is about to be compiled: `JobsTesting.install(Test.createTestingModule({ imports: [AppModule] }))`.
   * The builder stays yours; compile it, and call `app.init()`. `app.close()` ends everything.
   */
  static install(builder: ModuleBuilder, options: JobsTestingOptions = {}): JobsTesting {
    const testing = new JobsTesting(options);
    for (const name of [undefined, ...(options.instances ?? [])]) testing.#override(builder, name);
    return testing;
  }

  /** The jobs of the instance of the module that has this name, one of the option `instances`. */
  instance(name: string): InstanceTesting {
    if (!this.#options.instances?.includes(name)) {
      throw new InvalidOptionError(`JobsTesting: '${name}' is none of the option instances`);
    }
    return new InstanceTesting(() => instanceOf(this.#instances, name));
  }

  /** The time of the jobs. */
  now(): Date {
    return new Date(this.#time().now());
  }

  // Running

  /** Runs all jobs that are due, and those that these make due, until none is, of all instances. Resolves with the runs, in order. */
  drain(): Promise<readonly JobRun[]> {
    return this.#compiled().drain();
  }

  /**
   * Moves the time on. All that becomes due on the way runs at its time: delayed jobs, retries, schedules, and what a
   * crash left behind. What is due already runs first. While a job is at work, only the time moves: its timeout and its
   * heartbeats come. Records are not pruned.
   */
  async advance(duration: Duration): Promise<readonly JobRun[]> {
    return this.#compiled().advance(parseDuration(duration, 'advance()'));
  }

  // Trouble

  /** Has the next `times` runs of the class throw this, in the place of their code. */
  failNext(jobClass: JobClass, error: unknown, times = 1): void {
    this.#compiled().trouble.fail(nameOf(jobClass), error, times);
  }

  /**
   * Has the next `times` runs of the class delivered once more, though they end well: at least once is what a queue
   * promises. What ends by `context.completeIn` is not delivered again.
   */
  duplicateDelivery(jobClass: JobClass, times = 1): void {
    this.#compiled().trouble.repeat(nameOf(jobClass), times);
  }

  /**
   * The worker dies in mid-run, as by `kill -9`: nothing of what is at work is recorded, and its job runs again when its
   * lease is over (`advance('30s')`). Its code cannot be stopped; what it still does, it does in vain. To be called while
   * a job is at work, such as by what the job calls.
   */
  async crash(): Promise<void> {
    if (!(await this.#compiled().crash())) failAssertion('crash(): no job is at work');
  }

  #time(): Clock {
    return this.#mode === 'real' ? systemClock : this.clock;
  }

  #compiled(): Driver {
    instanceOf(this.#instances, undefined);
    return this.#driver;
  }

  #override(builder: ModuleBuilder, name: string | undefined): void {
    const { storage = (clock: Clock) => new MemoryStorage({ clock }) } = this.#options;
    // JobsSettings is made by its own method alone, and is a token all the same.
    const token = (part: { readonly name: string }) =>
      name === undefined ? part : getInstanceToken(name, part as abstract new () => unknown);
    if (storage !== 'application')
      builder.overrideProvider(token(Storage)).useFactory({ factory: () => storage(this.#time(), name) });
    builder.overrideProvider(token(Surroundings)).useFactory({
      factory: (settings: JobsSettings, actual: Storage, names: InstanceNames) => {
        this.#checkNames(names);
        return this.#surround(name, settings, actual);
      },
      inject: [JobsSettings, Storage, InstanceNames].map(token),
    });
  }

  #surround(name: string | undefined, settings: JobsSettings, storage: Storage): Surroundings {
    const clock = this.#time();
    const driven = this.#driver.drive(storage);
    const createId = createIdGenerator(clock, systemChance);
    const preparer = new JobPreparer(createId, settings.defaults, settings.codec, settings.definitions);
    this.#instances.set(name, { driven, storage, settings, preparer });
    return {
      clock,
      chance: systemChance,
      createQueueHandle: (actual, given) =>
        this.#mode === 'inline'
          ? new InlineQueueHandle(actual, given, () => this.#runInline())
          : new QueueHandle(actual, given),
      createRunner(runner) {
        driven.prepare(runner);
        return driven;
      },
    };
  }

  /** One that is forgotten would run its jobs in real time, and one that is not there would have none. */
  #checkNames(actual: InstanceNames): void {
    const { instances = [] } = this.#options;
    const names = actual.all().filter((name) => name !== undefined);
    const odd = [...names, ...instances].find((name) => !names.includes(name) || !instances.includes(name));
    if (odd === undefined) return;
    failAssertion(
      names.includes(odd)
        ? `JobsTesting: the application has an instance '${odd}' of the module. Name it: { instances: ['${odd}'] }`
        : `JobsTesting: the application has no instance '${odd}' of the module`,
    );
  }

  // What a job itself queues runs after it; what is queued while the application boots, once it has.
  async #runInline(): Promise<void> {
    const driver = this.#driver;
    if (driver instanceof TestDriver && driver.isReady && !driver.isInside) await driver.drain();
  }
}

function instanceOf(
  instances: ReadonlyMap<string | undefined, Instance>,
  name: string | undefined,
): Instance {
  return instances.get(name) ?? failAssertion('JobsTesting: the module was not compiled yet');
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
