import type { ModulesContainer } from '@nestjs/core';
import { expect, it } from 'vitest';
import { placeModule } from '../../../lib/nest/container/module-place.js';

class Here {}
class Elsewhere {}

function container(module: object): ModulesContainer {
  return new Map([
    ['a', { metatype: Elsewhere, distance: 1 }],
    ['b', module],
  ] as never) as never;
}

it('gives a module its place, and no other', () => {
  const modules = container({ metatype: Here, distance: 1 });
  expect(placeModule(modules, Here, 'innermost')).toBe(true);
  expect([...modules.values()].map(({ distance }) => distance)).toEqual([1, -1]);
});

it.each([
  ['has no distances', { metatype: Here }],
  ['lets nobody set them', Object.freeze({ metatype: Here, distance: 1 })],
  [
    'only shows them',
    {
      metatype: Here,
      get distance() {
        return 1;
      },
    },
  ],
  ['does not know the module', { metatype: Elsewhere, distance: 1 }],
])('says so when Nest %s', (_, module) => {
  expect(placeModule(container(module), Here, 'innermost')).toBe(false);
});
