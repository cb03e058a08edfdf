import { Injectable } from '@nestjs/common';
import { InvalidOptionError } from '../../core/errors.js';
import { EventSource } from './job-events.js';
import type { HostModule } from '../container/module-place.js';
import { listenersOf } from '../on-job-event.decorator.js';
import { lifetimeOf, type ProviderWrapper } from '../container/provider-lookup.js';

/** Binds the methods with `@OnJobEvent` to the events. */
@Injectable()
export class EventListeners {
  readonly #source: EventSource;
  readonly #bound = new Set<unknown>();

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** To be called once the instances of these modules are made. Throws `InvalidOptionError`, or `InvalidJobError` for a class that is no job. */
  bind(modules: Iterable<HostModule>): void {
    for (const { providers, controllers } of modules) {
      for (const wrapper of [...providers.values(), ...controllers.values()]) {
        if (wrapper.isAlias) continue;
        this.#bind(wrapper);
      }
    }
  }

  // A provider's value may be anything, a proxy included: only the prototypes that were decorated are gone by.
  #bind(wrapper: ProviderWrapper): void {
    const { metatype } = wrapper;
    const instance: unknown = wrapper.isNotMetatype ? wrapper.instance : undefined;
    const prototype: unknown =
      typeof metatype === 'function' && !wrapper.isNotMetatype ? metatype.prototype : prototypeOf(instance);
    const listeners = listenersOf(prototype);
    if (listeners.length === 0) return;
    if (lifetimeOf(wrapper) !== 'static') throw new InvalidOptionError(notSingleton(wrapper));
    const owner = wrapper.instance as Record<string | symbol, (event: unknown) => unknown>;
    if (this.#bound.has(owner)) return;
    this.#bound.add(owner);
    for (const { selector, jobClass, method } of listeners) {
      this.#source.on(selector, jobClass).subscribe((event) => owner[method]?.(event));
    }
  }
}

function prototypeOf(instance: unknown): unknown {
  return typeof instance === 'object' && instance !== null ? Object.getPrototypeOf(instance) : undefined;
}

function notSingleton({ name }: ProviderWrapper): string {
  return `${String(name)} has methods with @OnJobEvent but is no singleton: an event belongs to no request. Move them to one that is`;
}
