import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** Which instance of the module its parts belong to; `undefined`: the one without a name. */
export class InstanceName {
  constructor(readonly name: string | undefined) {}
}

/** The names of all instances of the module that the application has. */
@Injectable()
export class InstanceNames {
  readonly #modules: ModulesContainer;

  constructor(modules: ModulesContainer) {
    this.#modules = modules;
  }

  /** Known as soon as Nest has read the modules, before anything of them is made. */
  all(): readonly (string | undefined)[] {
    return [...this.#modules.values()]
      .flatMap(({ providers }) => [...providers.values()])
      .flatMap(({ instance }) => (instance instanceof InstanceName ? [instance.name] : []));
  }
}
