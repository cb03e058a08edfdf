import type { PipeTransform, Type } from '@nestjs/common';
import { InvalidJobError } from '../../core/errors.js';

/**
 * The job as `run` gets it: each pipe is given what the one before returned, as a body of the job's class. A plain
 * object becomes a job of the class, its constructor not called. Throws what a pipe throws, `InvalidJobError` when one
 * returns no object.
 */
export async function piped(pipes: readonly PipeTransform[], job: object): Promise<object> {
  if (pipes.length === 0) return job;
  const { constructor } = job as { readonly constructor: Type };
  let value: unknown = job;
  for (const pipe of pipes) value = await pipe.transform(value, { type: 'body', metatype: constructor });
  if (typeof value !== 'object' || value === null) {
    throw new InvalidJobError(
      `The pipes of ${constructor.name} returned ${String(value)} instead of the job`,
    );
  }
  if (value instanceof constructor) return value;
  return Object.assign(Object.create(constructor.prototype as object) as object, value);
}
