import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

describe('FakeClock', () => {
  it('stands still until it is told to move', async () => {
    const clock = new FakeClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it('calls in the order of time, each at its own time, and what they ask for on the way', async () => {
    const clock = new FakeClock(0);
    const calls: [string, number][] = [];
    const note = (name: string) => void calls.push([name, clock.now()]);
    clock.after(30, () => note('late'));
    clock.after(10, () => {
      note('early');
      clock.after(10, () => note('asked for on the way'));
    });
    await clock.advance(100);
    expect(calls).toEqual([
      ['early', 10],
      ['asked for on the way', 20],
      ['late', 30],
    ]);
  });

  it('lets what follows from a call happen before the next', async () => {
    const clock = new FakeClock(0);
    const seen: string[] = [];
    clock.after(
      1,
      () => void Promise.resolve().then(() => Promise.resolve().then(() => seen.push('followed'))),
    );
    clock.after(2, () => seen.push('next'));
    await clock.advance(2);
    expect(seen).toEqual(['followed', 'next']);
  });

  it('does not call what was cancelled, nor what is still to come', async () => {
    const clock = new FakeClock();
    let calls = 0;
    const timer = clock.after(5, () => (calls += 1));
    clock.after(11, () => (calls += 1));
    timer.cancel();
    timer.cancel();
    await clock.advance(10);
    expect(calls).toBe(0);
  });

  it('set back by a person, it calls nothing, and its monotonic time is measured from then', async () => {
    const clock = new FakeClock(10_000);
    let calls = 0;
    clock.after(5, () => (calls += 1));
    clock.set(4_000);
    expect([clock.now(), calls]).toEqual([4_000, 0]);
  });

  it('shows whole milliseconds, as the clock of the system does', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    clock.after(1.7, () => seen.push(clock.now()));
    await clock.advance(5);
    expect(seen).toEqual([1]);
  });
});
