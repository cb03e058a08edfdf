import fc from 'fast-check';
import { expect, it } from 'vitest';
import { markTick, splitMeta } from '../../../lib/core/tick-mark.js';

it('travels with the meta of a job, whatever that is', () => {
  fc.assert(
    fc.property(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.string(),
      fc.nat(),
      (meta, schedule, tick) => {
        const mark = { schedule, tick };
        expect(splitMeta(markTick(mark, meta))).toEqual({ mark, meta });
        expect(splitMeta(markTick(mark, undefined))).toEqual({ mark });
        expect(splitMeta(meta)).toEqual({ meta });
      },
    ),
  );
});

it('is none where it no longer reads as one, and the meta behind it is still there', () => {
  expect(splitMeta(undefined)).toEqual({});
  expect(splitMeta('@')).toEqual({});
  expect(splitMeta('@{"x":1}\n5')).toEqual({ meta: '5' });
  expect(splitMeta('@[1]\n5')).toEqual({ meta: '5' });
});
