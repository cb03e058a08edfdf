import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../../lib/core/failure.js';

const trap = new Proxy(
  {},
  {
    get: () => {
      throw new Error('no');
    },
    ownKeys: () => {
      throw new Error('no');
    },
  },
);

describe('the description of what was thrown', () => {
  const table: [name: string, thrown: unknown, expected: { name: string; message: string }][] = [
    ['an error', new TypeError('bad'), { name: 'TypeError', message: 'bad' }],
    ['undefined', undefined, { name: 'Error', message: 'undefined' }],
    ['null', null, { name: 'Error', message: 'null' }],
    ['text', 'out of paper', { name: 'Error', message: 'out of paper' }],
    ['an object', { code: 7 }, { name: 'Error', message: '{"code":7}' }],
    ['a frozen object', Object.freeze({ code: 7 }), { name: 'Error', message: '{"code":7}' }],
    ['a message with NUL', new Error('a\0b'), { name: 'Error', message: 'ab' }],
    ['a lone surrogate', new Error('a\ud800'), { name: 'Error', message: 'a\ufffd' }],
    ['a proxy that throws', trap, { name: 'Error', message: 'An error that cannot be printed was thrown' }],
    ['a BigInt', 1n, { name: 'Error', message: '1' }],
  ];

  for (const [name, thrown, expected] of table) {
    it(`tells ${name}`, () => expect(describeFailure(thrown)).toMatchObject(expected));
  }

  it('is bounded, however much was thrown', () => {
    const error = new Error('m'.repeat(1e6));
    error.name = 'n'.repeat(1e6);
    error.stack = 's'.repeat(1e6);
    const { name, message, stack } = describeFailure(error);
    expect([name.length, message.length, stack?.length]).toEqual([128, 8192, 16_384]);
  });

  it('keeps whole characters where it cuts', () => {
    expect(describeFailure(new Error('x' + '😀'.repeat(5000))).message.isWellFormed()).toBe(true);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        expect(describeFailure(thrown).message).toBeTypeOf('string');
      }),
    );
  });
});
