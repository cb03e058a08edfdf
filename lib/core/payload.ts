import { InvalidPayloadError } from './errors.js';

const DEEPEST = 64;
const DEFAULT_LIMIT = 256 * 1024;
const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor'];

/**
 * Turns fields that plain JSON cannot carry (a `Date`, a `Map`, a money type) into fields that it can, and back.
 * @publicApi
 */
export interface PayloadCodec {
  /** Gets the payload's own fields; returns what is then stored under the strict rules. */
  encode(fields: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The way back, when the job runs. */
  decode(fields: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/**
 * JSON text of a value, or `InvalidPayloadError` naming the path of the first thing that would not come back
 * as it went in. Strict, since JSON itself loses such things without a word.
 *
 * @param limit UTF-8 bytes
 */
export function encodeValue(value: unknown, limit = DEFAULT_LIMIT): string {
  check(value, '$', 0, new Set());
  return stringify(value, limit);
}

function stringify(value: unknown, limit: number): string {
  const text = JSON.stringify(value);
  // A UTF-16 unit takes at most three bytes, so that short texts need no counting.
  if (text.length * 3 > limit && new TextEncoder().encode(text).length > limit) {
    throw new InvalidPayloadError(
      '$',
      `has ${new TextEncoder().encode(text).length} bytes; the limit is ${limit}`,
    );
  }
  return text;
}

/** Encodes an object's own enumerable fields, whatever its class. */
export function encodePayload(job: object, codec?: PayloadCodec, limit = DEFAULT_LIMIT): string {
  const own: Record<string, unknown> = { ...job };
  const fields = codec ? codec.encode(own) : own;
  checkFields(fields, '$', 0, new Set([job]));
  return stringify(fields, limit);
}

/** The fields of a stored payload. Throws `InvalidPayloadError` when the text is no JSON object. */
export function decodePayload(text: string, codec?: PayloadCodec): Record<string, unknown> {
  const fields = parse(text);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new InvalidPayloadError('$', 'is not an object');
  }
  for (const key of FORBIDDEN_KEYS) {
    if (Object.hasOwn(fields, key)) throw new InvalidPayloadError(`$.${key}`, 'is a forbidden key');
  }
  return codec ? codec.decode(fields as Record<string, unknown>) : (fields as Record<string, unknown>);
}

/** A stored value for a reader: `undefined` when there is none or it no longer decodes. */
export function decodeValue(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidPayloadError('$', `is not JSON: ${(error as Error).message}`);
  }
}

function check(value: unknown, path: string, depth: number, above: Set<object>): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) throw new InvalidPayloadError(path, 'has a lone surrogate');
      return;
    case 'number':
      if (!Number.isFinite(value))
        throw new InvalidPayloadError(path, `is ${value}, which JSON turns into null`);
      return;
    case 'object':
      if (value !== null) checkObject(value, path, depth, above);
      return;
    case 'undefined':
      throw new InvalidPayloadError(path, 'is undefined, which JSON cannot carry here');
    case 'bigint':
    case 'function':
    case 'symbol':
      throw new InvalidPayloadError(path, `is a ${typeof value}`);
  }
}

function checkObject(value: object, path: string, depth: number, above: Set<object>): void {
  if (depth >= DEEPEST) throw new InvalidPayloadError(path, `is nested deeper than ${DEEPEST}`);
  if (above.has(value)) throw new InvalidPayloadError(path, 'is circular');
  above.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      check(value[index], `${path}[${index}]`, depth + 1, above);
    }
  } else {
    checkFields(value, path, depth, above);
  }
  above.delete(value);
}

function checkFields(value: object, path: string, depth: number, above: Set<object>): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (value.constructor as { name?: string } | undefined)?.name ?? 'a class';
    throw new InvalidPayloadError(path, `is an instance of ${name}; store plain data, or give a codec`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new InvalidPayloadError(path, 'has a symbol as a key');
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.includes(key)) throw new InvalidPayloadError(`${path}.${key}`, 'is a forbidden key');
    if (!key.isWellFormed()) throw new InvalidPayloadError(path, 'has a key with a lone surrogate');
    const field = (value as Record<string, unknown>)[key];
    // A field that is undefined reads the same when it is absent.
    if (field !== undefined) check(field, `${path}.${key}`, depth + 1, above);
  }
}
