import { describe, expect, it } from 'vitest';
import { LONGEST_DELAY, parseDuration, type Duration } from '../../../lib/core/duration.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';
import { DEFAULT_KEEP, parseKeep } from '../../../lib/core/keep.js';
import { checkKnownOptions } from '../../../lib/core/known-options.js';
import { checkName } from '../../../lib/core/name.js';
import { decodePolicy, DEFAULT_POLICY, encodePolicy } from '../../../lib/core/policy.js';

describe('a duration', () => {
  const table: [duration: Duration, milliseconds: number][] = [
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2 days', 172_800_000],
    [1500, 1500],
    [1.4, 1],
    [0, 0],
    [Infinity, LONGEST_DELAY],
  ];
  for (const [duration, milliseconds] of table) {
    it(`${duration} is ${milliseconds} ms`, () =>
      expect(parseDuration(duration, 'delay')).toBe(milliseconds));
  }

  for (const wrong of ['soon', '', '-1s', -1, NaN, null, {}, '1h'.repeat(100)]) {
    it(`cannot be ${JSON.stringify(wrong)}`, () => {
      expect(() => parseDuration(wrong as Duration, 'delay')).toThrow(InvalidOptionError);
      expect(() => parseDuration(wrong as Duration, 'delay')).toThrow(/^delay: /);
    });
  }
});

describe('a name', () => {
  for (const name of ['a', `"quotes"`, "o'clock", 'a:b{c}', '%', '日本', '😀', 'x'.repeat(255)]) {
    it(`can be ${name.slice(0, 20)}`, () => expect(checkName(name, 'A queue name')).toBe(name));
  }

  for (const wrong of ['', 'x'.repeat(256), 'a\0', 'a\nb', '\x7f', '\ud800', 7, undefined]) {
    it(`cannot be ${JSON.stringify(wrong)?.slice(0, 20)}`, () => {
      expect(() => checkName(wrong, 'A queue name')).toThrow(InvalidOptionError);
    });
  }
});

describe('an unknown option', () => {
  const known = ['maxRetries', 'backoff', 'queue'];

  it('is named, with the likeliest that was meant', () => {
    expect(() => checkKnownOptions({ maxRetrys: 1 }, known, 'Job mail')).toThrow(
      "Job mail: unknown option 'maxRetrys'. Did you mean 'maxRetries'?",
    );
  });

  it('is answered with all known ones when nothing is near', () => {
    expect(() => checkKnownOptions({ colour: 1 }, known, 'Job mail')).toThrow(
      'Known options: maxRetries, backoff',
    );
  });
});

describe('keep', () => {
  it('fills what is left open from the level below', () => {
    expect(parseKeep({ completed: false }, { ...DEFAULT_KEEP, dead: 5 })).toEqual({
      completed: false,
      dead: 5,
      cancelled: DEFAULT_KEEP.cancelled,
    });
  });

  it('refuses a state that is not an end', () => {
    expect(() => parseKeep({ failed: '1h' } as object)).toThrow(InvalidOptionError);
  });
});

describe('a stored policy', () => {
  it('comes back as it was', () => {
    const policy = { ...DEFAULT_POLICY, maxRetries: 'infinite', timeout: 5 } as const;
    expect(decodePolicy(encodePolicy(policy))).toEqual(policy);
  });

  it('that cannot be read is the default, so that no record is stuck', () => {
    expect(decodePolicy('{')).toEqual(DEFAULT_POLICY);
  });
});
