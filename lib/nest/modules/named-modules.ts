import { Module, type DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { forInstance, getInstanceToken, tokenOf } from './instance-token.js';
import { InstanceName } from './instance-name.js';
import { OptionsModule } from './module-options.js';
import { placeModule } from '../container/module-place.js';
import { STORAGE_PARTS } from './storage-parts.js';
import { WORKER_PARTS } from './worker-parts.js';

const PARTS: ReadonlySet<unknown> = new Set([...STORAGE_PARTS, ...WORKER_PARTS].map(tokenOf)).add(
  InstanceName,
);

/** The parts around the storage, of an instance with a name. */
@Module({})
export class NamedStorageModule extends OptionsModule {
  constructor(modules: ModulesContainer) {
    super();
    placeModule(modules, NamedStorageModule, 'outermost');
  }

  /** `options`: what `forRoot` or `forRootAsync` of this class made. */
  static complete(name: string, options: DynamicModule): DynamicModule {
    const parts = forInstance(name, STORAGE_PARTS, PARTS);
    const instance = { provide: getInstanceToken(name, InstanceName), useValue: new InstanceName(name) };
    return {
      ...options,
      providers: [...(options.providers ?? []), ...parts, instance],
      exports: [...parts, instance].map(({ provide }) => provide),
    };
  }
}

/** The workers of an instance with a name. */
@Module({})
export class NamedWorkersModule {
  constructor(modules: ModulesContainer) {
    placeModule(modules, NamedWorkersModule, 'innermost');
  }

  static of(name: string, storage: DynamicModule): DynamicModule {
    return {
      module: NamedWorkersModule,
      imports: [storage],
      providers: forInstance(name, WORKER_PARTS, PARTS),
    };
  }
}
