import { Injectable, type NestInterceptor, type Type } from '@nestjs/common';
import { ModuleRef, ModulesContainer, type ApplicationConfig } from '@nestjs/core';
import { InvalidOptionError } from '../../core/errors.js';
import type { EnhancerKind } from '../background-jobs-options.js';
import type { JobsSettings } from '../settings/jobs-settings.js';
import type { ProviderWrapper } from '../container/provider-lookup.js';
import { joinLists, NO_ENHANCERS, type DeclaredEnhancer, type EnhancerList } from './enhancer-list.js';

/** What stands around the runs of all jobs: the application's global enhancers, then the module's interceptors. */
@Injectable()
export class CommonEnhancers {
  readonly #moduleRef: ModuleRef;
  readonly #modules: ModulesContainer;

  constructor(moduleRef: ModuleRef, modules: ModulesContainer) {
    this.#moduleRef = moduleRef;
    this.#modules = modules;
  }

  /** Throws `InvalidOptionError` for an interceptor that no module provides. */
  find({ interceptors, globalEnhancers }: JobsSettings): EnhancerList {
    const global = { ...NO_ENHANCERS };
    for (const kind of globalEnhancers) global[kind] = this.#global(kind);
    return joinLists([
      global,
      { ...NO_ENHANCERS, interceptors: interceptors.map((each) => this.#interceptor(each)) },
    ]);
  }

  #interceptor(interceptor: NestInterceptor | Type<NestInterceptor>): DeclaredEnhancer {
    if (typeof interceptor !== 'function') return { instance: interceptor };
    for (const { providers } of this.#modules.values()) {
      const wrapper = providers.get(interceptor);
      if (wrapper) return { wrapper };
    }
    throw new InvalidOptionError(
      `interceptors: no module lists ${interceptor.name} among its providers, so that Nest does not make it`,
    );
  }

  /** Those of `APP_GUARD` and its like, and those of `app.useGlobalGuards()` and its like, called before the boot. */
  #global(kind: EnhancerKind): DeclaredEnhancer[] {
    const { applicationConfig } = (this.#moduleRef as unknown as WithContainer).container;
    const [instances, scoped] = GLOBAL[kind](applicationConfig);
    return [...instances.map((instance) => ({ instance })), ...scoped.map((wrapper) => ({ wrapper }))];
  }
}

// Nest hands its configuration to nobody; a test tells when it has moved.
interface WithContainer {
  readonly container: { readonly applicationConfig: ApplicationConfig };
}

type Found = readonly [instances: readonly unknown[], scoped: readonly ProviderWrapper[]];

const GLOBAL: Readonly<Record<EnhancerKind, (config: ApplicationConfig) => Found>> = {
  guards: (config) => [config.getGlobalGuards(), config.getGlobalRequestGuards()],
  interceptors: (config) => [config.getGlobalInterceptors(), config.getGlobalRequestInterceptors()],
  pipes: (config) => [config.getGlobalPipes(), config.getGlobalRequestPipes()],
  filters: (config) => [config.getGlobalFilters(), config.getGlobalRequestFilters()],
};
