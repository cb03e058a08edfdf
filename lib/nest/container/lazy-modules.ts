import { Injectable } from '@nestjs/common';
import { LazyModuleLoader, ModulesContainer, type ModuleRef } from '@nestjs/core';
import { withImports, type HostModule } from './module-place.js';
import { PatchedMethods } from './patched-methods.js';
import { moduleRefOf } from './provider-lookup.js';

/** Tells when the application has loaded modules of it lazily: Nest calls no hook for those. */
@Injectable()
export class LazyModules {
  readonly #loader: LazyModuleLoader;
  readonly #modules: ModulesContainer;
  readonly #patched = new PatchedMethods();

  constructor(loader: LazyModuleLoader, modules: ModulesContainer) {
    this.#loader = loader;
    this.#modules = modules;
  }

  /**
   * `onLoaded` gets the module and all that it imports, and no other that is just being loaded: that has no instances yet. `load()`
   * resolves after `onLoaded` has, and rejects with what that rejects with.
   */
  watch(onLoaded: (loaded: readonly HostModule[]) => Promise<void>): void {
    this.#patched.patch(this.#loader, 'load', (original) => async (...values) => {
      const moduleRef = (await original.apply(this.#loader, values)) as ModuleRef;
      const host = [...this.#modules.values()].find((module) => moduleRefOf(module) === moduleRef);
      if (host) await onLoaded(withImports(host));
      return moduleRef;
    });
  }

  unwatch(): void {
    this.#patched.restore();
  }
}
