import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AesGcmCodec } from '../../../lib/codec/aes-gcm-codec.js';
import type { PayloadCodec } from '../../../lib/core/payload.js';

const [ONE, TWO] = [randomBytes(32), randomBytes(32)];
const OWNER = { name: 'charge', id: 'job-1' };
const FIELDS = { card: '4111 1111', amount: 12, note: { text: 'héllo' } };

const codec = new AesGcmCodec({ keys: { one: ONE } });

describe('a sealed payload', () => {
  it('comes back as it went in, and shows nothing', () => {
    const sealed = codec.encode(FIELDS, OWNER);
    expect(Object.keys(sealed)).toEqual(['$sealed']);
    expect(JSON.stringify(sealed)).not.toMatch(/4111|amount|card/);
    expect(codec.decode(sealed, OWNER)).toEqual(FIELDS);
  });

  it('is another text each time', () => {
    expect(codec.encode(FIELDS, OWNER)).not.toEqual(codec.encode(FIELDS, OWNER));
  });

  it('leaves the fields open that are not named', () => {
    const some = new AesGcmCodec({ keys: { one: ONE }, fields: ['card', 'absent'] });
    const sealed = some.encode(FIELDS, OWNER);
    expect(sealed).toMatchObject({ amount: 12, note: { text: 'héllo' } });
    expect(sealed).not.toHaveProperty('card');
    expect(some.decode(sealed, OWNER)).toEqual(FIELDS);
  });

  it.each([
    ['another job', { ...OWNER, id: 'job-2' }],
    ['a job of another name', { ...OWNER, name: 'refund' }],
  ])('does not open for %s', (_, owner) => {
    expect(() => codec.decode(codec.encode(FIELDS, OWNER), owner)).toThrow(/changed, or sealed for another/);
  });

  it('is bound to the name alone where the job has no id yet, and cannot be made so afterwards', () => {
    const unbound = codec.encode(FIELDS, { name: 'charge' });
    expect(codec.decode(unbound, OWNER)).toEqual(FIELDS);
    expect(() => codec.decode(unbound, { name: 'refund', id: 'job-1' })).toThrow(/another job/);
    const bound = codec.encode(FIELDS, OWNER).$sealed as string;
    expect(() => codec.decode({ $sealed: bound.replace('.id.', '.name.') }, OWNER)).toThrow(/another job/);
  });

  it('does not open when any character of it was changed', () => {
    const sealed = codec.encode(FIELDS, OWNER).$sealed as string;
    const start = sealed.lastIndexOf('.') + 1;
    for (let at = start; at < sealed.length - 1; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      expect(() => codec.decode({ $sealed: changed }, OWNER), `at ${at}`).toThrow(/was changed/);
    }
  });

  it.each([{}, { $sealed: 1 }, { $sealed: '' }, { $sealed: 'one.id.' }, { $sealed: 'one.id.AAAA' }, FIELDS])(
    'is nothing else: %j',
    (fields) => {
      expect(() => codec.decode(fields, OWNER)).toThrow(expect.objectContaining({ code: 'INVALID_PAYLOAD' }));
    },
  );

  it('holds to the strict rules inside', () => {
    expect(() => codec.encode({ at: new Map() }, OWNER)).toThrow(/\$\.at is an instance of Map/);
    expect(() => codec.encode({ $sealed: 'x' }, OWNER)).toThrow(/forbidden key/);
  });
});

describe('keys', () => {
  it('may be turned: the first seals, all open', () => {
    const old = codec.encode(FIELDS, OWNER);
    const both = new AesGcmCodec({ keys: { two: TWO, one: ONE.toString('base64') } });
    expect(both.decode(old, OWNER)).toEqual(FIELDS);
    const sealed = both.encode(FIELDS, OWNER);
    expect(() => codec.decode(sealed, OWNER)).toThrow(/the key 'two', which is not there/);
    expect(new AesGcmCodec({ keys: { two: TWO } }).decode(sealed, OWNER)).toEqual(FIELDS);
  });

  it.each([
    [{}, /names no key/],
    [{ one: randomBytes(16) }, /'one' is not 32 bytes/],
    [{ one: 'secret' }, /'one' is not 32 bytes/],
    [{ 'a.b': ONE }, /'a\.b' is not made of/],
  ])('of another kind are refused, and never shown: %j', (keys, problem) => {
    expect(() => new AesGcmCodec({ keys })).toThrow(problem);
  });
});

it('seals what another codec makes of the fields', () => {
  const dates: PayloadCodec = {
    encode: (fields) => ({ ...fields, at: (fields.at as Date).toISOString() }),
    decode: (fields) => ({ ...fields, at: new Date(fields.at as string) }),
  };
  const both = new AesGcmCodec({ keys: { one: ONE }, codec: dates });
  const at = new Date('2026-11-24T10:00:00Z');
  expect(both.decode(both.encode({ at }, OWNER), OWNER)).toEqual({ at });
});
