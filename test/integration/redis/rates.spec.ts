import fc from 'fast-check';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { nextStartAt, startsLeft, withStarts, type Rate, type StartGroup } from '../../../lib/core/rate.js';
import { RATES } from '../../../lib/drivers/redis/groups/turns.lua.js';
import { needServer } from '../../support/need-server.js';

/** What the script sees at each moment of a history, before so many more start: what is left, when one is free, what it keeps. */
const HISTORY = `
local call, format, now = redis.call, string.format, 0
${RATES}
local limit, per, text, seen = tonumber(ARGV[1]), tonumber(ARGV[2]), nil, {}
for nth = 3, #ARGV, 2 do
  now = tonumber(ARGV[nth])
  seen[#seen + 1] = { startsLeft(text, limit, per), nextStartAt(text, limit, per), text or '' }
  text = withStarts(text, per, tonumber(ARGV[nth + 1]))
end
return seen
`;

type Moment = readonly [at: number, started: number];
type Seen = readonly [left: number, nextAt: number, kept: string];

const START = 1_700_000_000_000;

function historyOf(rate: Rate, moments: readonly Moment[]): Seen[] {
  let starts: readonly StartGroup[] = [];
  return moments.map(([now, started]) => {
    const seen: Seen = [
      startsLeft(rate, starts, now),
      nextStartAt(rate, starts, now),
      starts.map((group) => group.join(',')).join(';'),
    ];
    starts = withStarts(rate, starts, now, started);
    return seen;
  });
}

it('rates in Redis are counted as the core counts them, whatever starts when', async ({ skip }) => {
  const redis = new Redis(needServer('redis', skip));
  try {
    const rate = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      // Not a multiple of sixteen, as most are not.
      per: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 86_400_000 })),
    });
    // Steps of a part of the window, with many at once and many at the edge of what counts.
    const step = fc.oneof(
      fc.constantFrom(0, 1, 1 / 16, 15 / 16),
      fc.double({ min: 0, max: 1.5, noNaN: true }),
    );
    const history = fc.array(fc.tuple(step, fc.nat(5)), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(rate, history, async (bound, steps) => {
        let now = START;
        const moments = steps.map(([part, started]): Moment => [
          (now += Math.round(part * bound.per)),
          started,
        ]);
        const args = [bound.count, bound.per, ...moments.flat()];
        expect(await redis.eval(HISTORY, 0, ...args)).toEqual(historyOf(bound, moments));
      }),
      { numRuns: 300 },
    );
  } finally {
    redis.disconnect();
  }
});
