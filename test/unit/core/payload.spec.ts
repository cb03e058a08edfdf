import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidPayloadError } from '../../../lib/core/errors.js';
import {
  decodePayload as decode,
  decodeValue,
  encodeFields,
  encodeValue,
} from '../../../lib/core/payload.js';
import type { PayloadCodec } from '../../../lib/core/payload.js';

const owner = { id: '1', name: 'job' };
const encodePayload = (job: object, codec?: PayloadCodec) => encodeFields(job, { ...job }, owner, codec);
const decodePayload = (text: string, codec?: PayloadCodec) => decode(text, codec, owner);

class Money {
  constructor(readonly cents: number) {}
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

const circular: { self?: unknown } = {};
circular.self = { back: circular };

describe('a payload that would not come back as it went in', () => {
  const table: [name: string, payload: object, path: string][] = [
    ['BigInt', { n: 1n }, '$.n'],
    ['function', { list: [() => 1] }, '$.list[0]'],
    ['symbol', { a: { b: Symbol('s') } }, '$.a.b'],
    ['symbol key', { a: { [Symbol('s')]: 1 } }, '$.a'],
    ['NaN', { n: NaN }, '$.n'],
    ['Infinity', { n: [1, Infinity] }, '$.n[1]'],
    ['-Infinity', { n: -Infinity }, '$.n'],
    ['undefined in an array', { list: [1, undefined] }, '$.list[1]'],
    ['a hole in an array', { list: [1, , 3] }, '$.list[1]'], // oxlint-disable-line no-sparse-arrays
    ['Map', { m: new Map() }, '$.m'],
    ['Set', { s: new Set() }, '$.s'],
    ['Date', { at: new Date(0) }, '$.at'],
    ['typed array', { b: new Uint8Array(1) }, '$.b'],
    ['class instance', { price: new Money(1) }, '$.price'],
    ['circular', circular, '$.self.back'],
    ['lone surrogate', { text: '\ud800' }, '$.text'],
    ['lone surrogate in a key', { a: { '\udc00': 1 } }, '$.a'],
    ['__proto__', JSON.parse('{"a":{"__proto__":{"x":1}}}') as object, '$.a.__proto__'],
    ['constructor', { constructor: 1 }, '$.constructor'],
    ['too deep', { deep: nested(64) }, `$.deep${'[0]'.repeat(63)}`],
    ['too big', { text: 'x'.repeat(256 * 1024) }, '$'],
    ['too big in bytes, not in characters', { text: '€'.repeat(90 * 1024) }, '$'],
  ];

  for (const [name, payload, path] of table) {
    it(`is refused with its path: ${name}`, () => {
      const encode = () => encodePayload(payload);
      expect(encode).toThrow(InvalidPayloadError);
      expect(encode).toThrow(expect.objectContaining({ path }));
    });
  }
});

describe('a payload', () => {
  it('is the own fields of the job, whatever its class', () => {
    expect(encodePayload(new Money(5))).toBe('{"cents":5}');
  });

  it('may leave fields out by leaving them undefined', () => {
    expect(encodePayload({ a: 1, b: undefined })).toBe('{"a":1}');
  });

  it('may name the same object twice', () => {
    const shared = { x: 1 };
    expect(encodePayload({ a: shared, b: shared })).toBe('{"a":{"x":1},"b":{"x":1}}');
  });

  it('may be just as big and deep as the limit', () => {
    expect(() => encodePayload({ deep: nested(63) })).not.toThrow();
    expect(() => encodeValue('x'.repeat(256 * 1024 - 2))).not.toThrow();
  });

  it('is read back equal, or refused', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.anything()), (fields) => {
        const text = encodeOrRefuse(fields);
        expect(text === undefined ? undefined : decodePayload(text)).toEqual(
          text === undefined ? undefined : withOneZero(fields),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('goes through a codec both ways', () => {
    const codec = {
      encode: ({ at }: Readonly<Record<string, unknown>>) => ({ at: (at as Date).toISOString() }),
      decode: ({ at }: Readonly<Record<string, unknown>>) => ({ at: new Date(at as string) }),
    };
    const at = new Date(5);
    expect(decodePayload(encodePayload({ at }, codec), codec)).toEqual({ at });
  });
});

describe('a stored payload that no longer decodes', () => {
  for (const text of ['', '{', 'null', '[]', '1', '{"__proto__":{"admin":true}}', '{"constructor":1}']) {
    it(`is refused: ${text || 'nothing'}`, () =>
      expect(() => decodePayload(text)).toThrow(InvalidPayloadError));
  }

  it('reads as undefined where it is only looked at', () => {
    expect(decodeValue('{')).toBeUndefined();
    expect(decodeValue(undefined)).toBeUndefined();
  });

  it('never reaches a prototype', () => {
    expect(() => decodePayload('{"__proto__":{"polluted":1}}')).toThrow(InvalidPayloadError);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

function encodeOrRefuse(fields: object): string | undefined {
  try {
    return encodePayload(fields);
  } catch (error) {
    if (error instanceof InvalidPayloadError) return undefined;
    throw error;
  }
}

// JSON does not tell 0 from -0.
function withOneZero(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Object.assign(
        Array.isArray(value) ? [] : {},
        Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withOneZero(field)])),
      )
    : value === 0
      ? 0
      : value;
}
