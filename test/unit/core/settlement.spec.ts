import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../lib/core/backoff.js';
import type { LeasedJob } from '../../../lib/core/job.js';
import { canMove, hasEnded } from '../../../lib/core/lifecycle.js';
import { DEFAULT_POLICY, encodePolicy, type Policy } from '../../../lib/core/policy.js';
import {
  DEFAULT_MAX_STALLS,
  honourCancel,
  settle,
  settleStall,
  type Settlement,
} from '../../../lib/core/settlement.js';
import type { Outcome } from '../../../lib/core/outcome.js';

const HOUR = 3_600_000;
const failure = { name: 'Error', message: 'boom' };
const failed: Outcome = { kind: 'failed', failure };

function job(attempt: number, policy: Partial<Policy> = {}, stalls = 0): LeasedJob {
  return {
    id: 'a',
    name: 'mail',
    queue: 'default',
    payload: '{}',
    policy: encodePolicy({ ...DEFAULT_POLICY, ...policy }),
    priority: 0,
    attempt,
    stalls,
    token: 1,
    enqueuedAt: 0,
    runAt: 0,
  };
}

describe('the end of a run', () => {
  it('completes, with the result and the time its record stays', () => {
    expect(settle(job(2), { kind: 'completed', result: '1' }, 0)).toEqual({
      state: 'completed',
      attempt: 2,
      stalls: 0,
      result: '1',
      keep: HOUR,
    });
  });

  it('is tried again after the waits of the default policy, and dead after the sixth run', () => {
    const ends = Array.from({ length: 6 }, (_, attempt) => settle(job(attempt), failed, 0.5));
    expect(ends.map((end) => ('delay' in end ? end.delay : end.state))).toEqual([
      2000,
      4000,
      8000,
      16_000,
      32_000,
      'dead',
    ]);
    expect(ends.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ends[5]).toMatchObject({ reason: 'retries-exhausted', failure, keep: 30 * 24 * HOUR });
  });

  it('is dead after one run when no retry is allowed', () => {
    expect(settle(job(0, { maxRetries: 0 }), failed, 0)).toMatchObject({ state: 'dead', attempt: 1 });
  });

  it('is tried again for ever when retries are infinite', () => {
    const policy = { maxRetries: 'infinite', backoff: Backoff.linear(1).formula } as const;
    expect(settle(job(1_000_000, policy), failed, 0)).toMatchObject({ state: 'retrying', delay: 1000 });
  });

  it('is dead at once when a retry cannot help', () => {
    expect(settle(job(0), { ...failed, final: 'non-retryable' }, 0)).toMatchObject({
      reason: 'non-retryable',
    });
    expect(settle(job(0), { ...failed, final: 'invalid-payload' }, 0)).toMatchObject({
      reason: 'invalid-payload',
    });
  });

  it('waits as long as the failure asked for', () => {
    expect(settle(job(0), { ...failed, delay: 7 }, 0)).toMatchObject({
      state: 'retrying',
      attempt: 1,
      delay: 7,
    });
  });

  it('costs nothing when it was snoozed or released', () => {
    expect(settle(job(3, {}, 2), { kind: 'snoozed', delay: 9 }, 0)).toEqual({
      state: 'scheduled',
      attempt: 3,
      stalls: 0,
      delay: 9,
    });
    expect(settle(job(3, {}, 2), { kind: 'released' }, 0)).toEqual({ state: 'ready', attempt: 3, stalls: 2 });
  });

  it('keeps nothing when the policy says so', () => {
    const keep = { completed: false, dead: false, cancelled: false } as const;
    expect(settle(job(0, { keep }), { kind: 'completed' }, 0)).toMatchObject({ keep: false });
    expect(settle(job(0, { keep }), { kind: 'cancelled' }, 0)).toMatchObject({
      state: 'cancelled',
      keep: false,
    });
  });

  it('follows only arrows of the picture', () => {
    const outcomes: Outcome[] = [
      { kind: 'completed' },
      failed,
      { ...failed, final: 'non-retryable' },
      { kind: 'snoozed', delay: 1 },
      { kind: 'cancelled' },
      { kind: 'released' },
    ];
    for (const outcome of outcomes) expect(canMove('running', settle(job(0), outcome, 0).state)).toBe(true);
  });
});

describe('a lost lease', () => {
  it('costs no attempt and puts the job back', () => {
    expect(settleStall(job(2), undefined, 0, 3)).toEqual({ state: 'ready', attempt: 2, stalls: 1 });
  });

  it('is forgiven three times: a job that loses its lease at each start has exactly four', () => {
    let stalls = 0;
    let starts = 0;
    for (let state = 'ready'; state === 'ready'; starts++) {
      const settlement = settleStall(
        job(0, {}, stalls),
        starts * HOUR,
        (starts + 1) * HOUR,
        DEFAULT_MAX_STALLS,
      );
      ({ state, stalls } = settlement);
    }
    expect([starts, stalls]).toEqual([4, 4]);
  });

  it('is the end of the job at once when none is forgiven', () => {
    expect(settleStall(job(0), undefined, 0, 0)).toMatchObject({
      state: 'dead',
      reason: 'stalled',
      stalls: 1,
    });
  });

  it('is the end of a job that lost more than it may', () => {
    expect(settleStall(job(0, {}, 3), HOUR, 2 * HOUR, 3)).toMatchObject({
      state: 'dead',
      reason: 'stalled',
      stalls: 4,
    });
  });

  it('is forgotten after 72 hours', () => {
    expect(settleStall(job(0, {}, 3), 0, 73 * HOUR, 3)).toEqual({ state: 'ready', attempt: 0, stalls: 1 });
  });

  it('ends a job that was asked to end', () => {
    const asked = { ...job(0), cancelReason: 'gone' };
    expect(settleStall(asked, undefined, 0, 3)).toMatchObject({ state: 'cancelled', cancelReason: 'gone' });
  });
});

describe('a job that was asked to end', () => {
  const asked = { ...job(0), cancelReason: 'gone' };
  const again: Settlement[] = [
    { state: 'retrying', attempt: 1, stalls: 0, failure, delay: 1 },
    { state: 'scheduled', attempt: 0, stalls: 0, delay: 1 },
    { state: 'ready', attempt: 0, stalls: 0 },
  ];

  for (const settlement of again) {
    it(`does not become ${settlement.state}`, () => {
      expect(honourCancel(settlement, asked)).toMatchObject({
        state: 'cancelled',
        attempt: settlement.attempt,
      });
    });
  }

  it('stays completed when it made it', () => {
    const completed: Settlement = { state: 'completed', attempt: 0, stalls: 0, keep: 1 };
    expect(honourCancel(completed, asked)).toBe(completed);
    expect(hasEnded('completed')).toBe(true);
  });
});
