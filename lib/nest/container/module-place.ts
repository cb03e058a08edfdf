import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/** A module of the application, as Nest keeps it. */
export type HostModule = ModulesContainer extends Map<unknown, infer Host> ? Host : never;

// Nest calls start hooks from the greatest distance to the least, and stop hooks the other way round. Its own
// numbers are from 1 (the root) up, and Number.MAX_VALUE for global modules.
const DISTANCES = {
  /** First to start, last to stop. */
  outermost: Infinity,
  /** Last to start, first to stop. */
  innermost: -1,
};

/**
 * Gives a module its place in the order of Nest's lifecycle hooks. To be called while instances are made: after
 * Nest has measured the distances and before it sorts by them. False when this version of Nest has no such thing.
 */
export function placeModule(
  modules: ModulesContainer,
  moduleClass: Type,
  place: keyof typeof DISTANCES,
): boolean {
  const distance = DISTANCES[place];
  const placed = modulesOf(modules, moduleClass).filter(
    (module) =>
      'distance' in module && Reflect.set(module, 'distance', distance) && module.distance === distance,
  );
  return placed.length > 0;
}

/** A module and all that it imports, directly or not. */
export function withImports(module: HostModule): HostModule[] {
  const found = new Set([module]);
  // A set gives out what is added to it on the way, too.
  for (const { imports } of found) for (const imported of imports) found.add(imported);
  return [...found];
}

/** All modules made from a class: one for each dynamic module object. */
export function modulesOf(modules: ModulesContainer, moduleClass: Type): HostModule[] {
  return [...modules.values()].filter(({ metatype }) => metatype === moduleClass);
}
