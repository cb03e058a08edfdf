import { Inject, Optional, type Type } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import type { JobDefinition } from '../../core/job-definition.js';
import type { HostModule } from '../container/module-place.js';
import {
  lifetimeOf,
  lookUpProvider,
  moduleRefOf,
  plainToken,
  type Lifetime,
  type ProviderWrapper,
} from '../container/provider-lookup.js';
import type { InjectedParameter } from './run-parameters.js';

/** What a job class injects, as Nest hands it out. */
export interface DependencySource {
  /** The shortest of them all. */
  readonly lifetime: Lifetime;
  /** One value for each injected parameter. Rejects with Nest's own error for what cannot be resolved. */
  values(contextId?: ContextId): Promise<readonly unknown[]>;
}

/**
 * Resolves as a constructor in the module would, since that is what Nest is asked for: to make a small class whose
 * constructor parameters are the tokens.
 */
export function dependencySource(
  definition: JobDefinition,
  host: HostModule,
  injected: readonly InjectedParameter[],
): DependencySource {
  const wrappers = injected.map(({ token }) => lookUpProvider(host, plainToken(token)));
  const isComplete = wrappers.every((wrapper, index) => wrapper ?? injected[index]?.optional);
  // What is not found is for Nest to report, and it does so at boot for singletons.
  const lifetime = isComplete
    ? shortestLifetime(wrappers.map((wrapper) => (wrapper ? lifetimeOf(wrapper) : 'static')))
    : 'static';
  if (isComplete && wrappers.some(isForgottenNever)) {
    return { lifetime, values: (contextId) => resolveEach(wrappers, contextId) };
  }
  const moduleRef = moduleRefOf(host);
  const dependencies = dependenciesOf(definition, injected);
  return { lifetime, values: async (contextId) => (await moduleRef.create(dependencies, contextId)).values };
}

/** Asks for each provider by itself. Differs from a constructor in that INQUIRER shows no job class. */
export function resolveEach(
  wrappers: readonly (ProviderWrapper | undefined)[],
  contextId?: ContextId,
): Promise<readonly unknown[]> {
  const resolutions = wrappers.map((wrapper): unknown =>
    wrapper?.host
      ? moduleRefOf(wrapper.host).resolve(wrapper.token as string, contextId, { strict: true })
      : undefined,
  );
  return Promise.all(resolutions);
}

// Before 11.2.10, Nest keeps each transient instance that it made for a class made on demand for ever, and before
// 11.1.20 it does not even construct it.
function isForgottenNever(wrapper: ProviderWrapper | undefined): boolean {
  return wrapper?.isTransient === true && !('detachFromDependencies' in wrapper);
}

export function shortestLifetime(lifetimes: readonly Lifetime[]): Lifetime {
  return BY_LENGTH.find((lifetime) => lifetimes.includes(lifetime)) ?? 'static';
}

const BY_LENGTH: readonly Lifetime[] = ['request', 'durable', 'transient'];

interface Dependencies {
  readonly values: readonly unknown[];
}

function dependenciesOf(
  definition: JobDefinition,
  injected: readonly InjectedParameter[],
): Type<Dependencies> {
  class JobDependencies implements Dependencies {
    readonly values: readonly unknown[];

    constructor(...values: readonly unknown[]) {
      this.values = values;
    }
  }
  // The name in Nest's error message, and the class that an injected INQUIRER shows.
  Object.defineProperty(JobDependencies, 'name', { value: `${definition.class.name}.run` });
  Object.defineProperty(JobDependencies.prototype, 'constructor', { value: definition.class });
  injected.forEach(({ token, optional }, index) => {
    Inject(token as Parameters<typeof Inject>[0])(JobDependencies, undefined, index);
    if (optional) Optional()(JobDependencies, undefined, index);
  });
  return JobDependencies;
}
