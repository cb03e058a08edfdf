import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sleep, systemClock } from '../../../lib/core/clock.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('waits longer than a timer of Node can', () => {
    const sixtyDays = 60 * 24 * 3600 * 1000;
    const call = vi.fn<() => void>();
    systemClock.after(sixtyDays, call);
    vi.advanceTimersByTime(sixtyDays - 1);
    expect(call).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(call).toHaveBeenCalledOnce();
  });

  it('does not call what was cancelled, also after re-arming', () => {
    const call = vi.fn<() => void>();
    const timer = systemClock.after(2 ** 32, call);
    vi.advanceTimersByTime(2 ** 31);
    timer.cancel();
    vi.advanceTimersByTime(2 ** 33);
    expect(call).not.toHaveBeenCalled();
  });
});

describe('sleeping', () => {
  it('ends when the time is over', async () => {
    const clock = new FakeClock();
    const woken = vi.fn<() => void>();
    void sleep(clock, 100).then(woken);
    await clock.advance(99);
    expect(woken).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(woken).toHaveBeenCalledOnce();
  });

  it('ends when it is no longer wanted, at once if it never was', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const long = sleep(clock, 1e9, controller.signal);
    controller.abort();
    await expect(long).resolves.toBeUndefined();
    await expect(sleep(clock, 1e9, controller.signal)).resolves.toBeUndefined();
  });
});
