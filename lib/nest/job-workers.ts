import {
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { JobHandler } from '../runtime/handler.js';
import type { RunnerEvent } from '../runtime/runner-event.js';
import { Storage } from '../storage/storage.js';
import { ClassSchedules } from './class-schedules.js';
import { checkClassValidation } from './class-validation.js';
import { EventSource } from './job-events.js';
import { buildHandlers } from './job-handlers.js';
import { CommonEnhancers } from './enhancers/common-enhancers.js';
import { JobLogger } from './job-logger.js';
import { LineTags } from './log-lines/line-tags.js';
import { JobsSettings } from './jobs-settings.js';
import { buildJobTable } from './job-table.js';
import { JobExplorer } from './job.explorer.js';
import { SecondSignal } from './second-signal.js';
import { ShutdownHooksCheck } from './shutdown-hooks-check.js';
import { Surroundings, type RunnerPart } from './surroundings.js';
import { chooseQueues } from './worker-queues.js';
import { InstanceName } from './instance-name.js';
import { OptionalTelemetry } from './telemetry/optional-telemetry.js';
import type { Telemetry } from './telemetry/telemetry.js';
import { WorkerState } from './worker-state.js';

/** Joins a runner's life to the application's. */
@Injectable()
export class JobWorkers implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #explorer: JobExplorer;
  readonly #settings: JobsSettings;
  readonly #storage: Storage;
  readonly #logger: JobLogger;
  readonly #schedules: ClassSchedules;
  readonly #events: EventSource;
  readonly #hooksCheck: ShutdownHooksCheck;
  readonly #secondSignal: SecondSignal;
  readonly #commonEnhancers: CommonEnhancers;
  readonly #surroundings: Surroundings;
  readonly #state: WorkerState;
  readonly #telemetry: Telemetry | undefined;
  readonly #instance: InstanceName;
  readonly #lineTags: LineTags;
  #runner: RunnerPart | undefined;

  constructor(
    explorer: JobExplorer,
    settings: JobsSettings,
    storage: Storage,
    logger: JobLogger,
    schedules: ClassSchedules,
    events: EventSource,
    commonEnhancers: CommonEnhancers,
    surroundings: Surroundings,
    state: WorkerState,
    { telemetry }: OptionalTelemetry,
    instance: InstanceName,
  ) {
    this.#explorer = explorer;
    this.#settings = settings;
    this.#storage = storage;
    this.#logger = logger;
    this.#schedules = schedules;
    this.#events = events;
    this.#commonEnhancers = commonEnhancers;
    this.#surroundings = surroundings;
    this.#state = state;
    this.#telemetry = telemetry;
    this.#instance = instance;
    const { clock } = surroundings;
    this.#lineTags = new LineTags({
      hears: () => events.hears('log'),
      tell: (event) => events.emit(event),
    });
    this.#hooksCheck = new ShutdownHooksCheck(clock, (message) => logger.warn(message));
    this.#secondSignal = new SecondSignal(clock, (signal) => this.#hurry(signal));
  }

  /** Everything that can be wrong with the jobs shows here, before the application opens a port. */
  async onModuleInit(): Promise<void> {
    const { entries, warnings } = buildJobTable(this.#explorer.explore());
    for (const warning of warnings) this.#logger.warn(warning);
    await checkClassValidation(entries.map(({ definition }) => definition));
    // Once for the application, however many storages it has.
    if (this.#instance.name === undefined)
      this.#schedules.prepare(entries.map(({ definition }) => definition));
    if (this.#settings.workers === false) return;
    const handlers = await buildHandlers(entries, this.#commonEnhancers.find(this.#settings));
    this.#runner = this.#createRunner(handlers.map((handler) => this.#around(handler)));
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#runner) {
      await this.#schedules.declare();
      await this.#runner.start();
      this.#hooksCheck.start();
    }
    this.#state.stage = 'up';
  }

  /** Never rejects: Nest 11 would leave out the hooks of all other modules. */
  async onModuleDestroy(): Promise<void> {
    this.#state.stage = 'draining';
    this.#hooksCheck.stop();
    if (!this.#runner) return;
    this.#secondSignal.listen();
    try {
      await this.#runner.stop();
    } catch (error) {
      this.#logger.stopFailed(error);
    } finally {
      this.#secondSignal.ignore();
      this.#lineTags.end();
    }
  }

  #around(handler: JobHandler): JobHandler {
    const traced = this.#telemetry?.aroundRuns(handler) ?? handler;
    if (!this.#settings.context.logs) return traced;
    const run: JobHandler['run'] = (job, context) => {
      this.#lineTags.begin(context);
      return traced.run(job, context);
    };
    return { ...traced, run };
  }

  #tell(event: RunnerEvent): void {
    this.#logger.event(event);
    this.#events.emit(event);
  }

  #hurry(signal: string): void {
    this.#logger.warn(`${signal} came while the jobs had time to end: they are asked to stop now`);
    void this.#runner?.stop({ now: true });
  }

  #createRunner(handlers: readonly JobHandler[]): RunnerPart | undefined {
    const { lease, grace, abortGrace, codec, defaults, context } = this.#settings;
    const definitions = handlers.map(({ definition }) => definition);
    const { queues, warnings } = chooseQueues(this.#settings, definitions);
    for (const warning of warnings) this.#logger.warn(warning);
    if (Object.keys(queues).length === 0) return undefined;
    this.#logger.started(
      queues,
      definitions.map(({ name }) => name),
    );
    const { clock, chance } = this.#surroundings;
    const runner = this.#surroundings.createRunner({
      clock,
      chance,
      storage: this.#storage,
      handlers,
      queues,
      limited: [...this.#settings.limits.keys()],
      releaseStuck: this.#settings.releaseStuck,
      lease,
      grace,
      abortGrace,
      tracksRuns: context.current,
      carriers: context.carriers,
      ...(codec === undefined ? {} : { codec }),
      ...(defaults.backoff === undefined ? {} : { backoff: defaults.backoff }),
      hears: (kind) => this.#logger.says(kind) || this.#events.hears(kind),
      onEvent: (event) => this.#tell(event),
    });
    this.#state.watch(queues, runner);
    return runner;
  }
}
