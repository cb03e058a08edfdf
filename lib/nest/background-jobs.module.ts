import { Module, type ConfigurableModuleAsyncOptions, type DynamicModule } from '@nestjs/common';
import type { BackgroundJobsExtras, BackgroundJobsOptions } from './background-jobs-options.js';
import { checkName } from '../core/name.js';
import { NamedStorageModule, NamedWorkersModule } from './modules/named-modules.js';
import { StorageModule } from './modules/storage.module.js';
import { WorkersModule } from './modules/workers.module.js';

/**
 * Background jobs for the application. Import it once, in the root module; with a `name` of its own for each further storage.
 *
 * It provides `QueueHandle`, finds the classes with `@Job` and `@JobHandler` among the providers of all modules,
 * and runs their jobs from `onApplicationBootstrap` until `onModuleDestroy`: after everything else has started,
 * and before anything else is destroyed. Call `app.enableShutdownHooks()`, or SIGTERM ends the process at once.
 *
 * At boot it fails with `InvalidOptionError`, `InvalidJobError`, `DuplicateJobError`, the storage's own error when
 * that cannot be opened, or Nest's when what a job injects cannot be resolved.
 * @publicApi
 */
@Module({})
export class BackgroundJobsModule {
  /** With options at hand. */
  static forRoot(options: BackgroundJobsOptions & BackgroundJobsExtras = {}): DynamicModule {
    const { name } = options;
    return name === undefined
      ? compose(StorageModule.forRoot(options))
      : composeNamed(name, NamedStorageModule.forRoot(options));
  }

  /** With options that providers make: `{ imports, inject, useFactory }`, `{ useClass }` or `{ useExisting }`. */
  static forRootAsync(
    options: ConfigurableModuleAsyncOptions<BackgroundJobsOptions> & BackgroundJobsExtras,
  ): DynamicModule {
    const { name } = options;
    return name === undefined
      ? compose(StorageModule.forRootAsync(options))
      : composeNamed(name, NamedStorageModule.forRootAsync(options));
  }
}

// Both parts import the very same object: Nest tells dynamic modules apart by reference.
function compose(storage: DynamicModule): DynamicModule {
  return {
    module: BackgroundJobsModule,
    imports: [storage, { module: WorkersModule, imports: [storage] }],
    exports: [StorageModule],
  };
}

function composeNamed(name: string, options: DynamicModule): DynamicModule {
  checkName(name, 'BackgroundJobsModule: name');
  const storage = NamedStorageModule.complete(name, options);
  return {
    module: BackgroundJobsModule,
    imports: [storage, NamedWorkersModule.of(name, storage)],
    exports: [storage],
  };
}
