import { Inject, type FactoryProvider, type Provider, type Type } from '@nestjs/common';
import { QueueHandle } from '../../client/queue-handle.js';
import { PARAM_TYPES } from '../container/nest-metadata.js';

/**
 * What to inject for a part of the instance of the module that has this name, such as
 * `@Inject(getInstanceToken('reports', JobInspector))`. Of the instance without a name, the class itself is the token.
 * @publicApi
 */
export function getInstanceToken(name: string, part: abstract new (...values: never[]) => unknown): string {
  return `BackgroundJobs(${name}):${part.name}`;
}

/** Injects the `QueueHandle` of the instance of the module that has this name. @publicApi */
export function InjectQueueHandle(name: string): ReturnType<typeof Inject> {
  return Inject(getInstanceToken(name, QueueHandle));
}

/**
 * The same providers under the tokens of an instance, so that `app.get(QueueHandle)` and the overrides of a test never
 * meet a part of another instance by chance. `parts`: the tokens that are renamed wherever they are injected.
 */
export function forInstance(
  name: string,
  providers: readonly Provider[],
  parts: ReadonlySet<unknown>,
): FactoryProvider[] {
  const rename = (token: unknown) =>
    parts.has(token) ? getInstanceToken(name, token as Type) : (token as Type);
  return providers.map((provider) => {
    const { provide, useFactory, inject = [] } = toFactory(provider);
    return { provide: rename(provide), useFactory, inject: inject.map(rename) };
  });
}

/** The token of a provider. */
export function tokenOf(provider: Provider): unknown {
  return typeof provider === 'function' ? provider : provider.provide;
}

function toFactory(provider: Provider): FactoryProvider {
  if (typeof provider !== 'function') return provider as FactoryProvider;
  const inject = (Reflect.getMetadata(PARAM_TYPES, provider) as Type[] | undefined) ?? [];
  return {
    provide: provider,
    useFactory: (...values: unknown[]) => new provider(...values) as unknown,
    inject,
  };
}
