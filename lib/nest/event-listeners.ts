import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { InvalidOptionError } from '../core/errors.js';
import { EventSource } from './job-events.js';
import { listenersOf } from './on-job-event.decorator.js';
import { lifetimeOf, type ProviderWrapper } from './provider-lookup.js';

/** Binds the methods with `@OnJobEvent` to the events. */
@Injectable()
export class EventListeners {
  readonly #modules: ModulesContainer;
  readonly #source: EventSource;

  constructor(modules: ModulesContainer, source: EventSource) {
    this.#modules = modules;
    this.#source = source;
  }

  /** To be called once all instances are made. Throws `InvalidOptionError`, or `InvalidJobError` for a class that is no job. */
  bind(): void {
    const bound = new Set<unknown>();
    for (const { providers, controllers } of this.#modules.values()) {
      for (const wrapper of [...providers.values(), ...controllers.values()]) {
        if (wrapper.isAlias) continue;
        this.#bind(wrapper, bound);
      }
    }
  }

  // A provider's value may be anything, a proxy included: only the prototypes that were decorated are gone by.
  #bind(wrapper: ProviderWrapper, bound: Set<unknown>): void {
    const { metatype } = wrapper;
    const instance: unknown = wrapper.isNotMetatype ? wrapper.instance : undefined;
    const prototype: unknown =
      typeof metatype === 'function' && !wrapper.isNotMetatype ? metatype.prototype : prototypeOf(instance);
    const listeners = listenersOf(prototype);
    if (listeners.length === 0) return;
    if (lifetimeOf(wrapper) !== 'static') throw new InvalidOptionError(notSingleton(wrapper));
    const owner = wrapper.instance as Record<string | symbol, (event: unknown) => unknown>;
    if (bound.has(owner)) return;
    bound.add(owner);
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
