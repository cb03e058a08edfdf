import type { CanActivate, ExceptionFilter, NestInterceptor, PipeTransform } from '@nestjs/common';
import { InvalidJobError } from '../../core/errors.js';
import type { EnhancerKind } from '../background-jobs-options.js';
import { resolveEach, shortestLifetime } from '../injection/dependency-source.js';
import type { HostModule } from '../container/module-place.js';
import { readEnhancers } from '../container/nest-metadata.js';
import {
  lifetimeOf,
  lookUpProvider,
  type Lifetime,
  type ProviderWrapper,
} from '../container/provider-lookup.js';
import type { ContextId } from '@nestjs/core';

/** What stands around a run, of each kind the outermost first, ready to be called. */
export interface Enhancers {
  readonly guards: readonly CanActivate[];
  readonly interceptors: readonly NestInterceptor[];
  readonly pipes: readonly PipeTransform[];
  readonly filters: readonly ExceptionFilter[];
}

/** The same as it was declared: an instance, or the provider that Nest made of a class. */
export type EnhancerList = Readonly<Record<EnhancerKind, readonly DeclaredEnhancer[]>>;

export type DeclaredEnhancer = { readonly instance: unknown } | { readonly wrapper: ProviderWrapper };

export const NO_ENHANCERS: EnhancerList = { guards: [], interceptors: [], pipes: [], filters: [] };

/** What decorators say of one class or method. Throws `InvalidJobError` for a class that Nest did not make. */
export function declaredOn(target: object, host: HostModule, owner: string): EnhancerList {
  const read = (kind: EnhancerKind) =>
    readEnhancers(target, kind).map((enhancer) => declared(enhancer, host, owner));
  return {
    guards: read('guards'),
    interceptors: read('interceptors'),
    pipes: read('pipes'),
    filters: read('filters'),
  };
}

export function joinLists(lists: readonly EnhancerList[]): EnhancerList {
  const join = (kind: EnhancerKind) => lists.flatMap((list) => list[kind]);
  return {
    guards: join('guards'),
    interceptors: join('interceptors'),
    pipes: join('pipes'),
    filters: join('filters'),
  };
}

export function isEmptyList(list: EnhancerList): boolean {
  return all(list).length === 0;
}

/** The shortest of all. */
export function lifetimeOfList(list: EnhancerList): Lifetime {
  return shortestLifetime(all(list).map((each) => ('wrapper' in each ? lifetimeOf(each.wrapper) : 'static')));
}

/** Makes what has to be made anew, in the order of the chain; singletons are taken as they are. */
export async function resolveEnhancers(list: EnhancerList, contextId?: ContextId): Promise<Enhancers> {
  const resolve = (kind: EnhancerKind) => Promise.all(list[kind].map((each) => resolveOne(each, contextId)));
  return {
    guards: (await resolve('guards')) as CanActivate[],
    interceptors: (await resolve('interceptors')) as NestInterceptor[],
    pipes: (await resolve('pipes')) as PipeTransform[],
    filters: (await resolve('filters')) as ExceptionFilter[],
  };
}

async function resolveOne(enhancer: DeclaredEnhancer, contextId: ContextId | undefined): Promise<unknown> {
  if ('instance' in enhancer) return enhancer.instance;
  const { wrapper } = enhancer;
  if (lifetimeOf(wrapper) === 'static') return wrapper.instance;
  const [made] = await resolveEach([wrapper], contextId);
  return made;
}

// Nest makes the enhancer of a provider beside it, under its own class; `overrideGuard` and its like replace it there.
function declared(enhancer: unknown, host: HostModule, owner: string): DeclaredEnhancer {
  if (typeof enhancer !== 'function') return { instance: enhancer };
  const wrapper =
    host.injectables.get(enhancer as Parameters<typeof host.injectables.get>[0]) ??
    lookUpProvider(host, enhancer);
  if (wrapper) return { wrapper };
  throw new InvalidJobError(
    `${owner}: Nest did not make its enhancer ${enhancer.name}. List ${owner} itself, or ${enhancer.name}, among the providers of the module`,
  );
}

function all(list: EnhancerList): readonly DeclaredEnhancer[] {
  return [...list.guards, ...list.interceptors, ...list.pipes, ...list.filters];
}
