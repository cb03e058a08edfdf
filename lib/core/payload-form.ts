import { InvalidPayloadError, NewerPayloadError, type PayloadIssue } from './errors.js';
import { decodePayload, encodeFields, isFields } from './payload.js';
import type { Fields, PayloadCodec, PayloadOwner, StoredPayloadOwner } from './payload.js';
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.js';

/** What a class of jobs says of its payload. */
export interface PayloadForm {
  readonly name: string;
  readonly schema?: StandardSchema;
  readonly version: number;
  readonly upcast: Upcasts;
}

/**
 * How payloads of older versions become newer ones: by version, what makes the next one of it.
 * @publicApi
 */
export type Upcasts = Readonly<Record<number, (fields: Record<string, unknown>) => Record<string, unknown>>>;

/** The version travels among the fields, so that no storage has to know of it. Version 1 is written nowhere. */
export const VERSION = '$version';
const DEEPEST = 64;

/** Text of a job's fields, along with their version. Of a class with a schema, dates are stored as ISO text. */
export function encodeJob(form: PayloadForm, job: object, owner: PayloadOwner, codec?: PayloadCodec): string {
  if (Object.hasOwn(job, VERSION)) throw new InvalidPayloadError(`$.${VERSION}`, 'is a forbidden key');
  const plain: Fields = form.schema ? (datesAsText({ ...job }, 0) as Fields) : { ...job };
  const fields = form.version > 1 ? { [VERSION]: form.version, ...plain } : plain;
  return encodeFields(job, fields, owner, codec);
}

/**
 * The fields of a stored payload, brought to the version of the class. Throws `InvalidPayloadError` when that cannot be,
 * `NewerPayloadError` when the payload is of a version that this process does not know yet.
 */
export function decodeJob(
  form: PayloadForm,
  text: string,
  owner: StoredPayloadOwner,
  codec?: PayloadCodec,
): Fields {
  const decoded = decodePayload(text, codec, owner);
  if (form.version === 1 && decoded[VERSION] === undefined) return decoded;
  const [stored, fields] = splitVersion(decoded);
  if (stored > form.version) {
    throw new NewerPayloadError(
      `The payload of job '${form.name}' has version ${stored}; this process knows ${form.version}`,
    );
  }
  let current = fields;
  for (let version = stored; version < form.version; version++) {
    const step = form.upcast[version];
    if (!step) throw new InvalidPayloadError('$', `has version ${version}, and no upcast leads from there`);
    current = step(current);
  }
  return current;
}

/** Fields without their version, and the version. */
export function splitVersion(fields: Fields): readonly [number, Fields] {
  if (!Object.hasOwn(fields, VERSION)) return [1, fields];
  const { [VERSION]: version, ...others } = fields;
  if (Number.isSafeInteger(version) && (version as number) >= 1) return [version as number, others];
  throw new InvalidPayloadError(`$.${VERSION}`, `is ${JSON.stringify(version)}, which is no version`);
}

/**
 * What the schema makes of the fields. Throws or rejects with `InvalidPayloadError` for what it finds wrong, and with
 * the schema's own error when that could not tell.
 */
export function checkFields(form: PayloadForm, fields: Fields): Fields | Promise<Fields> {
  if (!form.schema) return fields;
  const result = form.schema['~standard'].validate(fields);
  return result instanceof Promise
    ? result.then((settled) => fieldsOf(form, settled))
    : fieldsOf(form, result);
}

function fieldsOf({ name }: PayloadForm, result: SchemaResult): Fields {
  if (result.issues) throw misfit(name, result.issues);
  const { value } = result;
  if (isFields(value)) return value;
  throw new InvalidPayloadError('$', `is made something else than an object by the schema of job '${name}'`);
}

function misfit(name: string, found: readonly SchemaIssue[]): InvalidPayloadError {
  const issues = found.map((issue): PayloadIssue => ({ path: pathOf(issue), message: issue.message }));
  const [first = { path: '$', message: 'does not fit' }, ...others] = issues;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const problem = `${first.message}${more}`;
  return new InvalidPayloadError(first.path, problem, {
    what: `The payload does not fit the schema of job '${name}'`,
    issues,
  });
}

function pathOf({ path = [] }: SchemaIssue): string {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
  return `$${keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}`;
}

// What is too deep or no plain data is left for the strict check to refuse.
function datesAsText(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? value : value.toISOString();
  if (Array.isArray(value)) return value.map((each) => datesAsText(each, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, datesAsText(each, depth + 1)]));
}
