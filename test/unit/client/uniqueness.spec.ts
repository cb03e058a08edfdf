import { describe, expect, it } from 'vitest';
import { JobPreparer } from '../../../lib/client/enqueue/job-preparer.js';
import type { QueueOptions } from '../../../lib/client/enqueue/queue-options.js';
import { defineJob, type JobOptions } from '../../../lib/core/job-definition.js';

class Plain {}
defineJob(Plain, { name: 'plain' });

class Bursty {
  constructor(readonly user = 'u') {}
}
defineJob(Bursty, { name: 'bursty', debounce: (job) => ({ key: job.user, delay: '5s' }) });

function prepare(options: QueueOptions = {}, job: object = new Plain(), defaults: JobOptions = {}) {
  return new JobPreparer(() => 'id', defaults, undefined).prepare(job, options);
}

describe('unique', () => {
  it('keeps keys of a name, of a queue and of all apart', () => {
    const keyOf = (scope?: 'name' | 'queue' | 'global') =>
      prepare({ queue: 'q', unique: { key: 'k', ...(scope && { scope }) } }).unique?.key;
    expect([keyOf(), keyOf('name'), keyOf('queue'), keyOf('global')]).toEqual([
      'plain\nk',
      'plain\nk',
      '\nq\nk',
      '\n\nk',
    ]);
  });

  it('is held for a time in milliseconds, and says what is replaced', () => {
    expect(prepare({ unique: { key: 'k', while: { for: '2s' } } }).unique).toEqual({
      key: 'plain\nk',
      while: { for: 2_000 },
    });
    expect(prepare({ unique: { key: 'k', while: 'waiting', replace: ['due'] } }).unique).toEqual({
      key: 'plain\nk',
      while: 'waiting',
      replace: ['due'],
    });
  });

  it.each<[object, RegExp]>([
    [{ unique: { key: 'k', scope: 'all' } }, /unique\.scope: 'all'/],
    [{ unique: { key: 'k', while: 'ever' } }, /unique\.while: 'ever'/],
    [{ unique: { key: 'k', while: { for: 0 } } }, /unique\.while\.for/],
    [{ unique: { key: 'k', while: { for: '1s' }, replace: ['due'] } }, /unique\.replace/],
    [{ unique: { key: 'k', replace: ['time'] } }, /'time' is neither/],
    [{ unique: { key: 'k' }, throttle: { key: 'k', every: '1s' } }, /one of unique, debounce and throttle/],
    [{ debounce: { key: 'k', delay: '1s' }, delay: 5 }, /debounce has a delay of its own/],
    [{ debounce: { key: 'k', wait: '1s' } }, /debounce: unknown option 'wait'/],
    [{ order: 'newest' }, /order/],
    [{ order: { ageing: 0 } }, /ageing must be longer than 0/],
    [{ order: { ageing: '1d' }, priority: 100_000 }, /more than ten years/],
    [{ delay: '10s', expiresIn: '10s' }, /before anybody can take it/],
  ])('refuses %j', (options, message) => {
    expect(() => prepare(options as QueueOptions)).toThrow(message);
  });
});

describe('debounce and throttle', () => {
  it('are a key, what it does to others, and a delay', () => {
    expect(prepare({}, new Bursty('me'))).toMatchObject({
      unique: { key: 'bursty\nme', while: 'waiting', replace: ['payload', 'due'] },
      due: { in: 5_000 },
    });
    expect(prepare({ throttle: { key: 'k', every: '1m' } })).toMatchObject({
      unique: { key: 'plain\nk', while: { for: 60_000 } },
      due: { in: 0 },
    });
  });

  it('give way to what the call says', () => {
    expect(prepare({ unique: { key: 'x' } }, new Bursty()).unique?.key).toBe('bursty\nx');
    expect(prepare({ delay: 9 }, new Bursty()).due).toEqual({ in: 9 });
  });
});

describe('order and expiry', () => {
  it('come from the call, the class or the defaults', () => {
    expect(prepare({ order: { ageing: '1m' }, expiresIn: '1h' })).toMatchObject({
      order: { ageing: 60_000 },
      expiresIn: 3_600_000,
    });
    expect(prepare({}, new Plain(), { order: 'lifo', expiresIn: 5 })).toMatchObject({
      order: 'lifo',
      expiresIn: 5,
    });
    expect(prepare({ order: 'fifo' }, new Plain(), { order: 'lifo' }).order).toBeUndefined();
  });
});
