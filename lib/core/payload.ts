import { InvalidPayloadError } from './errors.js';

const DEEPEST = 64;
const DEFAULT_LIMIT = 256 * 1024;
/** Where a payload's sealed fields stand. */
export const SEALED = '$sealed';
const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor'];

/**
 * Turns fields that plain JSON cannot carry (a `Date`, a `Map`, a money type) into fields that it can, and back.
 * @publicApi
 */
export interface PayloadCodec {
  /** Gets the payload's own fields; returns what is then stored under the strict rules. */
  encode(fields: Readonly<Record<string, unknown>>, owner: PayloadOwner): Record<string, unknown>;
  /** The way back, when the job runs. Throwing makes the job `dead: invalid-payload`. */
  decode(fields: Readonly<Record<string, unknown>>, owner: StoredPayloadOwner): Record<string, unknown>;
}

/**
 * Whose payload is encoded.
 * @publicApi
 */
export interface PayloadOwner {
  /** As it is stored. */
  readonly name: string;
  /**
   * Absent when the payload will stand in several jobs, or in one that is not known yet: that of a schedule, and one that may
   * replace the payload of the job that holds a unique key.
   */
  readonly id?: string;
}

/**
 * Whose payload is decoded.
 * @publicApi
 */
export type StoredPayloadOwner = Required<PayloadOwner>;

/** A payload as an object. */
export type Fields = Record<string, unknown>;

/**
 * JSON text of a value, or `InvalidPayloadError` naming the path of the first thing that would not come back
 * as it went in. Strict, since JSON itself loses such things without a word.
 *
 * @param limit UTF-8 bytes
 */
export function encodeValue(value: unknown, limit = DEFAULT_LIMIT): string {
  check(value, undefined);
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

/** Encodes the fields of a job, whatever its class. */
export function encodeFields(
  job: object,
  fields: Fields,
  owner: PayloadOwner,
  codec?: PayloadCodec,
  limit = DEFAULT_LIMIT,
): string {
  const encoded = codec ? codec.encode(fields, owner) : fields;
  checkFields(encoded, { object: job, key: '', around: undefined, depth: 0 });
  return stringify(encoded, limit);
}

/** The fields of a stored payload. Throws `InvalidPayloadError` when the text is no JSON object. */
export function decodePayload(
  text: string,
  codec: PayloadCodec | undefined,
  owner: StoredPayloadOwner,
): Fields {
  const fields = parse(text);
  if (!isFields(fields)) throw new InvalidPayloadError('$', 'is not an object');
  // Own ones would hide what every object has: to look for that costs less than to ask for each by name.
  if (fields['constructor'] !== Object || fields['__proto__'] !== Object.prototype) refuseForbidden(fields);
  return codec ? codec.decode(fields, owner) : fields;
}

/** An object, and no list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseForbidden(fields: Fields): void {
  for (const key of FORBIDDEN_KEYS) {
    if (Object.hasOwn(fields, key)) throw new InvalidPayloadError(`$.${key}`, 'is a forbidden key');
  }
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

/** Where the check has come to: an object, the field of it that is looked at, and the same of what is around it. */
interface Place {
  readonly object: object;
  key: string | number;
  readonly around: Place | undefined;
  readonly depth: number;
}

function check(value: unknown, place: Place | undefined): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) refuse(place, 'has a lone surrogate');
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(place, `is ${value}, which JSON turns into null`);
      return;
    case 'object':
      if (value !== null) checkObject(value, place);
      return;
    case 'undefined':
      return refuse(place, 'is undefined, which JSON cannot carry here');
    case 'bigint':
    case 'function':
    case 'symbol':
      return refuse(place, `is a ${typeof value}`);
  }
}

function checkObject(value: object, around: Place | undefined): void {
  const depth = around === undefined ? 0 : around.depth + 1;
  if (depth >= DEEPEST) refuse(around, `is nested deeper than ${DEEPEST}`);
  for (let above = around; above !== undefined; above = above.around) {
    if (above.object === value) refuse(around, 'is circular');
  }
  const place: Place = { object: value, key: '', around, depth };
  if (!Array.isArray(value)) return checkFields(value, place);
  for (let index = 0; index < value.length; index++) {
    place.key = index;
    check(value[index], place);
  }
}

function checkFields(fields: object, place: Place): void {
  const prototype: unknown = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (fields.constructor as { name?: string } | undefined)?.name ?? 'a class';
    refuse(place.around, `is an instance of ${name}; store plain data, or give a codec`);
  }
  if (Object.getOwnPropertySymbols(fields).length > 0) refuse(place.around, 'has a symbol as a key');
  for (const key of Object.keys(fields)) {
    place.key = key;
    if (FORBIDDEN_KEYS.includes(key)) refuse(place, 'is a forbidden key');
    if (!key.isWellFormed()) refuse(place.around, 'has a key with a lone surrogate');
    const field = (fields as Record<string, unknown>)[key];
    // A field that is undefined reads the same when it is absent.
    if (field !== undefined) check(field, place);
  }
}

function refuse(place: Place | undefined, problem: string): never {
  throw new InvalidPayloadError(pathOf(place), problem);
}

// Made only when there is something to say: a path for each field costs more than to check it.
function pathOf(place: Place | undefined): string {
  if (place === undefined) return '$';
  return pathOf(place.around) + (typeof place.key === 'number' ? `[${place.key}]` : `.${place.key}`);
}
