import { Injectable } from '@nestjs/common';
import type { JobHandler } from '../../runtime/handler.js';
import { ClassSchedules } from './class-schedules.js';
import { checkClassValidation } from './class-validation.js';
import { CommonEnhancers } from '../enhancers/common-enhancers.js';
import { InstanceName } from '../modules/instance-name.js';
import { buildHandlers } from './job-handlers.js';
import { JobLogger } from '../logging/job-logger.js';
import { JobsSettings } from '../settings/jobs-settings.js';
import { buildJobTable } from './job-table.js';
import { JobExplorer } from './job.explorer.js';
import type { HostModule } from '../container/module-place.js';
import { OptionalTelemetry } from '../telemetry/optional-telemetry.js';
import type { Telemetry } from '../telemetry/telemetry.js';

/** The jobs of the application, as its modules list them, and who runs them. */
@Injectable()
export class RunnableJobs {
  readonly #explorer: JobExplorer;
  readonly #settings: JobsSettings;
  readonly #logger: JobLogger;
  readonly #schedules: ClassSchedules;
  readonly #commonEnhancers: CommonEnhancers;
  readonly #telemetry: Telemetry | undefined;
  readonly #instance: InstanceName;
  /** Where jobs were looked for up to now. */
  readonly #modules = new Set<HostModule>();
  readonly #found = new Set<string>();

  constructor(
    explorer: JobExplorer,
    settings: JobsSettings,
    logger: JobLogger,
    schedules: ClassSchedules,
    commonEnhancers: CommonEnhancers,
    { telemetry }: OptionalTelemetry,
    instance: InstanceName,
  ) {
    this.#explorer = explorer;
    this.#settings = settings;
    this.#logger = logger;
    this.#schedules = schedules;
    this.#commonEnhancers = commonEnhancers;
    this.#telemetry = telemetry;
    this.#instance = instance;
  }

  /**
   * What runs the jobs of these modules that were in none before; nothing where this process has no workers. Everything that can be
   * wrong with jobs shows here, and then none of these modules counts.
   */
  async of(modules: Iterable<HostModule>): Promise<readonly JobHandler[]> {
    const all = new Set([...this.#modules, ...modules]);
    const { entries, warnings } = buildJobTable(this.#explorer.explore(all));
    const { definitions: redefined } = this.#settings;
    for (const warning of warnings) this.#logger.warnOnce(warning);
    const fresh = entries
      .filter(({ definition }) => !this.#found.has(definition.name))
      .map((entry) => ({
        ...entry,
        definition: redefined.get(entry.definition.class) ?? entry.definition,
      }));
    const definitions = fresh.map(({ definition }) => definition);
    await checkClassValidation(definitions);
    const handlers =
      this.#settings.workers === false
        ? []
        : await buildHandlers(fresh, this.#commonEnhancers.find(this.#settings));
    // Once for the application, however many storages it has.
    if (this.#instance.name === undefined) this.#schedules.prepare(definitions);
    for (const { name } of definitions) this.#found.add(name);
    for (const module of all) this.#modules.add(module);
    return handlers.map((handler) => this.#telemetry?.aroundRuns(handler) ?? handler);
  }
}
