import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { InstanceName } from '../modules/instance-name.js';

/** A part of each instance of the module in the application, with the name of that. */
export function everyInstance<Part extends object>(
  app: INestApplicationContext,
  part: abstract new (...values: never[]) => Part,
): readonly { readonly name: string | undefined; readonly part: Part }[] {
  return [...app.get(ModulesContainer).values()].flatMap(({ providers }) => {
    const instances = [...providers.values()].map(({ instance }): unknown => instance);
    const found = instances.find((instance): instance is Part => instance instanceof part);
    const named = instances.find((instance) => instance instanceof InstanceName);
    return found && named ? [{ name: named.name, part: found }] : [];
  });
}
