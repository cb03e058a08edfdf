import 'reflect-metadata';
import type { EnhancerKind } from '../background-jobs-options.js';

/** The compiler's own key for the types of parameters. */
export const PARAM_TYPES = 'design:paramtypes';

// Where `@Inject` and `@Optional` leave their notes. Nest keeps these names to itself; tests hold us to them.
const INJECTED_PARAMS = 'self:paramtypes';
const INJECTED_PROPERTIES = 'self:properties_metadata';
const OPTIONAL_PARAMS = 'optional:paramtypes';

/** Whether `@Inject` stands in a class's constructor or on its properties. */
export function hasInjectedParts(target: object): boolean {
  return Reflect.hasMetadata(INJECTED_PARAMS, target) || Reflect.hasMetadata(INJECTED_PROPERTIES, target);
}

/** What decorators and the compiler noted of a method's parameters. */
export interface NotedParameters {
  /** Tokens of `@Inject`, by index. */
  readonly injected: ReadonlyMap<number, unknown>;
  readonly optional: ReadonlySet<number>;
  /** Absent when the compiler emitted none, as for a method without decorators. */
  readonly types?: readonly unknown[];
}

/** `prototype` has to be the one that declares the method: the notes of an overridden one are not for this one. */
export function readParameters(prototype: object, method: string): NotedParameters {
  const injected: readonly { index: number; param: unknown }[] =
    Reflect.getOwnMetadata(INJECTED_PARAMS, prototype) ?? [];
  const optional: readonly number[] = Reflect.getOwnMetadata(OPTIONAL_PARAMS, prototype) ?? [];
  const types: readonly unknown[] | undefined = Reflect.getOwnMetadata(PARAM_TYPES, prototype, method);
  return {
    injected: new Map(injected.map(({ index, param }) => [index, param])),
    optional: new Set(optional),
    ...(types === undefined ? {} : { types }),
  };
}

/** Where the decorators of each kind leave what they are given. */
const ENHANCERS: Readonly<Record<EnhancerKind, string>> = {
  guards: '__guards__',
  interceptors: '__interceptors__',
  pipes: '__pipes__',
  filters: '__exceptionFilters__',
};

/** What `@UseGuards` and its like noted on a class, its parents included, or on a method. */
export function readEnhancers(target: object, kind: EnhancerKind): readonly unknown[] {
  return (Reflect.getMetadata(ENHANCERS[kind], target) as readonly unknown[] | undefined) ?? [];
}

const CAUGHT = '__filterCatchExceptions__';

/** The classes that `@Catch` of a filter names; none: it catches everything. */
export function caughtBy(filter: object): readonly unknown[] {
  const noted: unknown =
    Reflect.getMetadata(CAUGHT, Object.getPrototypeOf(filter) as object) ??
    Reflect.getMetadata(CAUGHT, filter.constructor);
  return Array.isArray(noted) ? noted : [];
}
