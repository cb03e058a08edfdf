import { ModuleRef } from '@nestjs/core';
import type { HostModule } from './module-place.js';

/** A provider of a module, as Nest keeps it. */
export type ProviderWrapper = NonNullable<ReturnType<HostModule['getProviderByKey']>>;

/**
 * Finds the provider that a constructor in this module would get for a token: the module's own, else what its
 * imports export, aliases followed to what they stand for.
 */
export function lookUpProvider(host: HostModule, token: unknown): ProviderWrapper | undefined {
  const wrapper = own(host, token) ?? inImports(host, token, new Set(), false);
  return wrapper?.isAlias ? lookUpAlias(wrapper) : wrapper;
}

/** How long an instance lives; a singleton that depends on something made per request counts as such. */
export type Lifetime = 'static' | 'transient' | 'request' | 'durable';

export function lifetimeOf(wrapper: ProviderWrapper): Lifetime {
  if (!wrapper.isDependencyTreeStatic()) return wrapper.isDependencyTreeDurable() ? 'durable' : 'request';
  return wrapper.isTransient ? 'transient' : 'static';
}

/** Resolves as the module itself would: the root's may find another module's provider of the same token. */
export function moduleRefOf(host: HostModule): ModuleRef {
  return host.getProviderByKey(ModuleRef).instance;
}

/** The token that a forward reference stands for, or the token itself. */
export function plainToken(token: unknown): unknown {
  const isForward = typeof token === 'object' && token !== null && 'forwardRef' in token;
  return isForward && typeof token.forwardRef === 'function' ? (token.forwardRef as () => unknown)() : token;
}

function own(module: HostModule, token: unknown): ProviderWrapper | undefined {
  return module.providers.get(token as Parameters<HostModule['getProviderByKey']>[0]);
}

function inImports(
  module: HostModule,
  token: unknown,
  visited: Set<HostModule>,
  onlyExported: boolean,
): ProviderWrapper | undefined {
  for (const imported of module.imports) {
    if (!imported || visited.has(imported)) continue;
    if (onlyExported && !module.exports.has(imported.metatype)) continue;
    visited.add(imported);
    const isExported = (imported.exports as ReadonlySet<unknown>).has(token);
    const found =
      (isExported ? own(imported, token) : undefined) ?? inImports(imported, token, visited, true);
    if (found) return found;
  }
  return undefined;
}

// An alias that leads in a circle is left for Nest to report when it loads it.
function lookUpAlias(alias: ProviderWrapper): ProviderWrapper {
  const seen = new Set<ProviderWrapper>();
  let wrapper = alias;
  while (wrapper.isAlias && wrapper.host && !seen.has(wrapper)) {
    seen.add(wrapper);
    const token = plainToken(wrapper.inject?.[0]);
    const next = own(wrapper.host, token) ?? inImports(wrapper.host, token, new Set(), false);
    if (!next) return alias;
    wrapper = next;
  }
  return wrapper;
}
