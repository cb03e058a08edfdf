import {
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { JobHandler } from '../../runtime/handler.js';
import type { RunnerEvent } from '../../runtime/runner-event.js';
import { Storage } from '../../storage/storage.js';
import { ClassSchedules } from '../discovery/class-schedules.js';
import { EventListeners } from '../events/event-listeners.js';
import { EventSource } from '../events/job-events.js';
import { JobLogger } from '../logging/job-logger.js';
import { JobsSettings } from '../settings/jobs-settings.js';
import { LazyModules } from '../container/lazy-modules.js';
import { LineTags } from '../logging/line-tags.js';
import type { HostModule } from '../container/module-place.js';
import { QueueNotes } from '../discovery/queue-notes.js';
import { RunnableJobs } from '../discovery/runnable-jobs.js';
import { UnlistedJobs } from '../discovery/unlisted-jobs.js';
import { SecondSignal } from './second-signal.js';
import { ShutdownHooksCheck } from './shutdown-hooks-check.js';
import { Surroundings, type RunnerPart } from '../modules/surroundings.js';
import { chooseQueues } from '../settings/worker-queues.js';
import { WorkerState } from './worker-state.js';

/** Joins a runner's life to the application's. */
@Injectable()
export class JobWorkers implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #jobs: RunnableJobs;
  readonly #lazyModules: LazyModules;
  readonly #modules: ModulesContainer;
  readonly #settings: JobsSettings;
  readonly #storage: Storage;
  readonly #logger: JobLogger;
  readonly #schedules: ClassSchedules;
  readonly #events: EventSource;
  readonly #listeners: EventListeners;
  readonly #hooksCheck: ShutdownHooksCheck;
  readonly #secondSignal: SecondSignal;
  readonly #surroundings: Surroundings;
  readonly #state: WorkerState;
  readonly #lineTags: LineTags;
  readonly #unlisted: UnlistedJobs;
  readonly #notes: QueueNotes;
  #handlers: readonly JobHandler[] = [];
  #runner: RunnerPart | undefined;
  /** One at a time: of two modules that are loaded at once, each brings its own jobs. */
  #loading: Promise<void> = Promise.resolve();

  constructor(
    jobs: RunnableJobs,
    lazyModules: LazyModules,
    settings: JobsSettings,
    storage: Storage,
    logger: JobLogger,
    schedules: ClassSchedules,
    events: EventSource,
    listeners: EventListeners,
    surroundings: Surroundings,
    state: WorkerState,
    modules: ModulesContainer,
    unlisted: UnlistedJobs,
    notes: QueueNotes,
  ) {
    this.#jobs = jobs;
    this.#lazyModules = lazyModules;
    this.#settings = settings;
    this.#storage = storage;
    this.#logger = logger;
    this.#schedules = schedules;
    this.#events = events;
    this.#listeners = listeners;
    this.#surroundings = surroundings;
    this.#state = state;
    this.#modules = modules;
    this.#unlisted = unlisted;
    this.#notes = notes;
    const { clock } = surroundings;
    this.#lineTags = new LineTags({
      hears: () => events.hears('log'),
      tell: (event) => events.emit(event),
    });
    this.#hooksCheck = new ShutdownHooksCheck(clock, (message) => logger.warn(message));
    this.#secondSignal = new SecondSignal(clock, (signal) => this.#hurry(signal));
  }

  /** Everything that can be wrong with the jobs shows here, before the application opens a port. */
  onModuleInit(): Promise<void> {
    const booting = this.#find(this.#modules.values()).then((found) => {
      if (this.#settings.workers !== false) this.#takeOn(found);
    });
    this.#loading = booting.catch(() => {});
    this.#lazyModules.watch((loaded) => this.#load(loaded));
    return booting;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#runner) {
      await this.#schedules.declare();
      await this.#schedules.tellGone();
      await this.#runner.start();
      this.#hooksCheck.start();
    }
    this.#state.stage = 'up';
  }

  /** Never rejects: Nest 11 would leave out the hooks of all other modules. */
  async onModuleDestroy(): Promise<void> {
    this.#state.stage = 'draining';
    this.#lazyModules.unwatch();
    this.#hooksCheck.stop();
    if (!this.#runner) return;
    this.#secondSignal.expect();
    this.#tellStopping();
    try {
      await this.#runner.stop();
    } catch (error) {
      this.#logger.stopFailed(error);
    } finally {
      this.#secondSignal.ignore();
      this.#lineTags.end();
    }
  }

  /** Takes on what a lazily loaded module brings. Rejects with what a boot would reject with. */
  #load(loaded: readonly HostModule[]): Promise<void> {
    const loading = this.#loading.then(async () => {
      if (this.#state.stage === 'draining') return;
      this.#listeners.bind(loaded);
      const found = await this.#find(loaded);
      if (found.length === 0) return;
      const before = this.#runner;
      this.#takeOn(found);
      if (this.#state.stage !== 'up' || !this.#runner) return;
      await this.#schedules.declare();
      if (before) return;
      await this.#runner.start();
      this.#hooksCheck.start();
    });
    this.#loading = loading.catch(() => {});
    return loading;
  }

  async #find(modules: Iterable<HostModule>): Promise<readonly JobHandler[]> {
    return (await this.#jobs.of(modules)).map((handler) => this.#tagged(handler));
  }

  #takeOn(found: readonly JobHandler[]): void {
    this.#handlers = [...this.#handlers, ...found];
    const definitions = this.#handlers.map(({ definition }) => definition);
    const { queues, warnings } = chooseQueues(this.#settings, definitions);
    for (const warning of warnings) this.#logger.warnOnce(warning);
    this.#unlisted.know(definitions, queues);
    if (Object.keys(queues).length === 0) return;
    this.#logger.started(
      queues,
      definitions.map(({ name }) => name),
    );
    this.#notes.tell(
      definitions,
      found.map(({ definition }) => definition),
    );
    if (this.#runner) {
      this.#runner.add({ handlers: found, queues });
    } else {
      this.#runner = this.#createRunner(queues);
      this.#secondSignal.listen();
    }
    this.#state.watch(queues, this.#runner);
  }

  #tagged(handler: JobHandler): JobHandler {
    if (!this.#settings.context.logs) return handler;
    const run: JobHandler['run'] = (job, context) => {
      this.#lineTags.begin(context);
      return handler.run(job, context);
    };
    return { ...handler, run };
  }

  #tell(event: RunnerEvent): void {
    this.#logger.event(event);
    this.#events.emit(event);
  }

  #tellStopping(): void {
    const atWork = [...this.#state.busy().values()].reduce((sum, count) => sum + count, 0);
    if (atWork > 0) this.#logger.stopping(atWork, this.#settings.grace);
  }

  #hurry(signal: string): void {
    this.#logger.warn(`${signal} came while the jobs had time to end: they are asked to stop now`);
    void this.#runner?.stop({ now: true });
  }

  #createRunner(queues: Readonly<Record<string, number>>): RunnerPart {
    const { lease, grace, abortGrace, codec, defaults, context } = this.#settings;
    const { clock, chance } = this.#surroundings;
    return this.#surroundings.createRunner({
      clock,
      chance,
      storage: this.#storage,
      handlers: this.#handlers,
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
  }
}
