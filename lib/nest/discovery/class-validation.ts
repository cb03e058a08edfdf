import type { ValidationError } from 'class-validator';
import { InvalidOptionError } from '../../core/errors.js';
import type { JobClass } from '../../core/job-definition.js';
import type { SchemaIssue, SchemaResult, StandardSchema } from '../../core/standard-schema.js';

/** The decorators of `class-validator` on a job class, as a schema. `@Type` of `class-transformer` makes its dates and classes. */
export function classValidation(jobClass: JobClass): StandardSchema {
  const validate = (fields: unknown) => check(jobClass, fields as object);
  const schema: StandardSchema = { '~standard': { version: 1, vendor: 'class-validator', validate } };
  validations.add(schema);
  return schema;
}

/** Throws `InvalidOptionError` when a class asks for `class-validator` and that is not there. */
export async function checkClassValidation(
  definitions: readonly { readonly schema?: StandardSchema }[],
): Promise<void> {
  if (definitions.some(({ schema }) => schema && validations.has(schema))) await loadValidator();
}

const validations = new WeakSet<StandardSchema>();

async function check(jobClass: JobClass, fields: object): Promise<SchemaResult> {
  const [{ validate }, transformer] = await Promise.all([loadValidator(), loadTransformer()]);
  // As a job is made when it runs: the prototype intact, the constructor not called.
  const bare = Object.create(jobClass.prototype as object) as object;
  const job = transformer ? transformer.plainToClassFromExist(bare, fields) : Object.assign(bare, fields);
  const errors = await validate(job);
  return errors.length > 0
    ? { issues: errors.flatMap((error) => issuesOf(error, [])) }
    : { value: { ...job } };
}

// What validates is not needed by who validates nothing.
async function loadValidator() {
  try {
    return await import('class-validator');
  } catch (cause) {
    throw new InvalidOptionError('@Job({ validate: true }) needs the package class-validator: install it', {
      cause,
    });
  }
}

async function loadTransformer() {
  try {
    return await import('class-transformer');
  } catch {
    return undefined;
  }
}

function issuesOf(error: ValidationError, around: readonly PropertyKey[]): readonly SchemaIssue[] {
  const { property, constraints = {}, children = [] } = error;
  const path = [...around, /^\d+$/.test(property) ? Number(property) : property];
  const own = Object.values(constraints).map((message) => ({ message, path }));
  return [...own, ...children.flatMap((child) => issuesOf(child, path))];
}
