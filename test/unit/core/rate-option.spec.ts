import { describe, expect, it } from 'vitest';
import { parseRate, type RateOption } from '../../../lib/core/rate-option.js';

describe('parseRate', () => {
  it.each<[RateOption, number, number]>([
    ['10/s', 10, 1_000],
    ['100/m', 100, 60_000],
    ['500/h', 500, 3_600_000],
    ['1000/d', 1_000, 86_400_000],
    ['3/10s', 3, 10_000],
    ['5/250ms', 5, 250],
    [{ count: 3, per: '10s' }, 3, 10_000],
    [{ count: 1, per: 1 }, 1, 1],
  ])('reads %j', (option, count, per) => {
    expect(parseRate(option, 'rate')).toEqual({ count, per });
  });

  it.each<unknown>([
    ...['10/x', '10', '/s', '10/0s', '0/s', '-1/s', '1.5/s', '10 / s', '1/32d', '1000001/s', ''],
    ...[{ count: 0, per: 1 }, { count: 1, per: 0 }, { count: 1 }, { count: 1, per: 1, burst: 2 }, 7, null],
  ])('refuses %j, naming the option', (option) => {
    expect(() => parseRate(option as RateOption, 'queues.mail.rate')).toThrow(/queues\.mail\.rate/);
  });
});
