import { describe, expect, it } from 'vitest';
import { effectOf, standing, type End, type Need } from '../../../lib/core/dependency.js';

describe('effectOf', () => {
  it.each<[Need, End, ReturnType<typeof effectOf>]>([
    ['completed', 'completed', 'met'],
    ['completed', 'dead', 'cancel'],
    ['completed', 'cancelled', 'cancel'],
    ['ended', 'completed', 'met'],
    ['ended', 'dead', 'met'],
    ['ended', 'cancelled', 'met'],
    ['dead', 'dead', 'free'],
    ['dead', 'completed', 'lapsed'],
    ['dead', 'cancelled', 'lapsed'],
  ])('a job that needs %s of one that is %s: %s', (needs, end, effect) => {
    expect(effectOf(needs, end)).toBe(effect);
  });
});

describe('standing', () => {
  it('is blocked while one that is needed has not ended', () => {
    expect(standing([{ id: 'a', needs: 'completed' }])).toBe('blocked');
    expect(
      standing([
        { id: 'a', needs: 'ended', ended: 'dead' },
        { id: 'b', needs: 'completed' },
      ]),
    ).toBe('blocked');
  });

  it('is free once all have ended as needed, and with the first death that was waited for', () => {
    expect(
      standing([
        { id: 'a', needs: 'completed', ended: 'completed' },
        { id: 'b', needs: 'ended', ended: 'cancelled' },
      ]),
    ).toBe('free');
    expect(
      standing([
        { id: 'a', needs: 'dead' },
        { id: 'b', needs: 'dead', ended: 'dead' },
      ]),
    ).toBe('free');
  });

  it('says why the job can never run', () => {
    expect(
      standing([
        { id: 'a', needs: 'completed', ended: 'dead' },
        { id: 'b', needs: 'completed' },
      ]),
    ).toEqual({ cancelReason: 'the job a, which it needs, is dead' });
    expect(standing([{ id: 'a', needs: 'dead', ended: 'completed' }])).toEqual({
      cancelReason: 'none of the jobs it waited for has died',
    });
  });
});
