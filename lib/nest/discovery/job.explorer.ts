import { Injectable } from '@nestjs/common';
import { definitionOf, type JobClass, type JobDefinition } from '../../core/job-definition.js';
import { handledBy } from '../job-handler.decorator.js';
import type { HostModule } from '../container/module-place.js';
import type { ProviderWrapper } from '../container/provider-lookup.js';

/** What stands among the providers of the application. By module, in the order Nest knows them. */
export interface FoundProviders {
  readonly jobs: readonly FoundJob[];
  readonly handlers: readonly FoundHandler[];
}

/** A job class as it is listed in a module. */
export interface FoundJob {
  readonly definition: JobDefinition;
  readonly host: HostModule;
}

/** A provider that handles the jobs of a class. */
export interface FoundHandler {
  readonly jobClass: JobClass;
  /** `undefined` when the class it names is no job. */
  readonly definition: JobDefinition | undefined;
  /** Identifies the handler, however many modules list it. */
  readonly token: unknown;
  readonly name: string;
  readonly wrapper: ProviderWrapper;
  readonly host: HostModule;
}

/**
 * Looks for job classes and handlers, and does no more. It goes by the classes that modules name, never by
 * instances: those may be wrapped by instrumentation, or be the double of a test.
 */
@Injectable()
export class JobExplorer {
  explore(modules: Iterable<HostModule>): FoundProviders {
    const jobs: FoundJob[] = [];
    const handlers: FoundHandler[] = [];
    for (const host of modules) {
      for (const wrapper of host.providers.values()) {
        if (wrapper.isAlias) continue;
        const definition = definitionIn(wrapper.metatype);
        const handler = definition ? undefined : (doubleIn(wrapper, host) ?? handlerIn(wrapper, host));
        if (definition) jobs.push({ definition, host });
        if (handler) handlers.push(handler);
      }
    }
    return { jobs, handlers };
  }
}

function definitionIn(metatype: unknown): JobDefinition | undefined {
  return typeof metatype === 'function' ? definitionOf(metatype as JobClass) : undefined;
}

/** What a test, or a module, puts in the place of a job class. */
function doubleIn(wrapper: ProviderWrapper, host: HostModule): FoundHandler | undefined {
  const definition = definitionIn(wrapper.token);
  if (!definition) return undefined;
  const { class: jobClass } = definition;
  return { jobClass, definition, token: jobClass, name: `the override of ${jobClass.name}`, wrapper, host };
}

// The class of an overridden handler remains as the token. A factory leaves the class of what it made, if anything.
function handlerIn(wrapper: ProviderWrapper, host: HostModule): FoundHandler | undefined {
  const made = (wrapper.instance as { constructor?: unknown } | null | undefined)?.constructor;
  for (const candidate of [wrapper.metatype, wrapper.token, made]) {
    if (typeof candidate !== 'function') continue;
    const jobClass = handledBy(candidate);
    if (!jobClass) continue;
    const definition = definitionOf(jobClass);
    return { jobClass, definition, token: candidate, name: candidate.name, wrapper, host };
  }
  return undefined;
}
