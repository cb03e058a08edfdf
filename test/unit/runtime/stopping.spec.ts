import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobTimeoutError, ShutdownError } from '../../../lib/core/run-errors.js';
import { deaf, held, obedient, Stage } from './stage.js';
import { silence } from './watched-storage.js';

/** How long `stop` took, by the stage's clock; fails when it takes longer than `limit`. */
async function timeToStop(stage: Stage, limit: number, options?: { now: boolean }): Promise<number> {
  const begun = stage.clock.monotonic();
  const times: number[] = [];
  void stage.runner.stop(options).then(() => times.push(stage.clock.monotonic() - begun));
  for (let passed = 0; passed <= limit && times.length === 0; passed += 100) await stage.pass(100);
  expect(times, `stop took longer than ${limit} ms`).toHaveLength(1);
  return times[0] ?? Infinity;
}

describe('stopping', () => {
  it('is done at once when nothing runs', async () => {
    const stage = await Stage.set(() => {});
    expect(await timeToStop(stage, 100)).toBe(0);
    expect(stage.storage.count('leave')).toBe(1);
  });

  it('lets what runs end, claims nothing new, and records every end', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    const next = await stage.queue();
    const stopped = stage.runner.stop();
    expect(stage.runner.isRunning).toBe(false);
    expect(stage.runner.isHealthy).toBe(false);
    await stage.pass(19_000);
    expect(runs[0]?.context.signal.aborted).toBe(false);
    runs[0]?.resolve();
    await stage.pass(0);
    await stopped;
    expect(await stage.state(id)).toBe('completed');
    expect(await stage.state(next)).toBe('ready');
  });

  it('keeps leases, progress and enqueueing alive meanwhile', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { grace: 200_000 });
    const id = await stage.queue();
    const stopped = stage.runner.stop();
    await stage.pass(100_000);
    runs[0]?.context.progress(99);
    await stage.put();
    await stage.pass(1_000);
    expect(await stage.record(id)).toMatchObject({ state: 'running', token: 1, progress: '99' });
    runs[0]?.resolve();
    await stage.pass(0);
    await stopped;
    expect(await stage.record(id)).toMatchObject({ state: 'completed', stalls: 0 });
  });

  it('aborts after the grace, and gives back uncharged what then throws', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set((job, context) => {
      context.signal.addEventListener('abort', () => seen.push(context.signal.reason));
      return obedient(job, context);
    });
    const id = await stage.queue();
    expect(await timeToStop(stage, 20_100)).toBeLessThanOrEqual(20_100);
    expect(seen).toEqual([expect.any(ShutdownError)]);
    expect(await stage.record(id)).toMatchObject({ state: 'ready', attempt: 0, stalls: 0, failures: [] });
  });

  it('leaves completed what returns after the abort', async () => {
    const stage = await Stage.set(async (job, context) => {
      await Promise.resolve(obedient(job, context)).catch(() => {});
      return 'wrapped up';
    });
    const id = await stage.queue();
    await timeToStop(stage, 20_100);
    expect(await stage.record(id)).toMatchObject({ state: 'completed', result: '"wrapped up"' });
  });

  it('gives back what ignores its signal, after the second grace', async () => {
    const stage = await Stage.set(deaf);
    const id = await stage.queue();
    const took = await timeToStop(stage, 25_200);
    expect(took).toBeGreaterThanOrEqual(25_000);
    expect(await stage.record(id)).toMatchObject({ state: 'ready', attempt: 0, stalls: 0 });
    expect(stage.event('stuck')).toMatchObject({ abortedBy: 'shutdown' });
  });

  it('is bounded when the storage does not answer', async () => {
    for (const code of [deaf, obedient, () => {}]) {
      const stage = await Stage.set(code);
      await stage.queue();
      stage.storage.trouble.before = silence;
      expect(await timeToStop(stage, 27_100)).toBeLessThanOrEqual(27_100);
    }
  });

  it('is bounded when the storage hangs from the first call on', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false });
    stage.storage.trouble.before = silence;
    await stage.runner.start();
    expect(await timeToStop(stage, 2_100)).toBeLessThanOrEqual(2_100);
  });

  it('asked for again with now, aborts at once', async () => {
    const stage = await Stage.set(obedient);
    const id = await stage.queue();
    const first = stage.runner.stop();
    await stage.pass(1_000);
    expect(stage.runner.stop()).toBe(first);
    expect(await timeToStop(stage, 100, { now: true })).toBeLessThanOrEqual(100);
    expect(await stage.state(id)).toBe('ready');
  });

  it('gives back jobs that a pop brings after it began', async () => {
    let runs = 0;
    const stage = await Stage.set(() => void (runs += 1), { isStarted: false });
    const id = await stage.put();
    let answer = () => {};
    stage.storage.trouble.after = (method) =>
      method === 'pop' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await stage.runner.start();
    await stage.pass(0);
    const stopped = stage.runner.stop();
    await stage.pass(500);
    expect(await stage.state(id)).toBe('running');
    answer();
    await stage.pass(0);
    await stopped;
    expect(await stage.record(id)).toMatchObject({ state: 'ready', attempt: 0, stalls: 0 });
    expect(runs).toBe(0);
  });

  it('gives back jobs that a pop brings after it ended', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false });
    const id = await stage.put();
    let answer = () => {};
    stage.storage.trouble.after = (method) =>
      method === 'pop' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await stage.runner.start();
    await timeToStop(stage, 2_100);
    answer();
    await stage.pass(0);
    expect(await stage.record(id)).toMatchObject({ state: 'ready', attempt: 0, stalls: 0 });
  });

  it('leaves no timer behind', async () => {
    const stage = await Stage.set(deaf);
    await stage.queue({ policy: { timeout: 60_000 } });
    await timeToStop(stage, 27_100);
    stage.storage.calls.length = 0;
    const kinds = stage.kinds().length;
    await stage.pass(600_000);
    expect(stage.storage.calls).toEqual([]);
    expect(stage.storage.listeners).toBe(0);
    expect(stage.kinds()).toHaveLength(kinds);
  });
});

describe('a runner that left', () => {
  it('is not brought back by a beat', async () => {
    const stage = await Stage.set(() => {}, { lease: 300 });
    stage.storage.trouble.after = (method) =>
      method === 'leave' ? new Promise<void>((resolve) => void stage.clock.after(150, resolve)) : undefined;
    await timeToStop(stage, 300);
    expect(await stage.storage.runners()).toEqual([]);
  });
});

describe('start and stop', () => {
  it('may follow a start that failed', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false });
    const subscribe = stage.storage.subscribe.bind(stage.storage);
    stage.storage.subscribe = () => {
      throw new Error('not open');
    };
    await expect(stage.runner.start()).rejects.toThrow('not open');
    expect(stage.runner.isRunning).toBe(false);
    await expect(stage.runner.start()).rejects.toThrow('not open');
    await stage.runner.stop();
    await expect(stage.runner.start()).rejects.toThrow('not open');
    stage.storage.subscribe = subscribe;
    await stage.runner.start();
    expect(await stage.state(await stage.queue())).toBe('completed');
  });

  it('give the same promise when repeated, and stop before start is fine', async () => {
    const stage = await Stage.set(() => {}, { isStarted: false });
    await stage.runner.stop();
    const started = stage.runner.start();
    expect(stage.runner.start()).toBe(started);
    await started;
    expect(stage.runner.isRunning).toBe(true);
    const id = await stage.queue();
    expect(await stage.state(id)).toBe('completed');
    const stopped = stage.runner.stop();
    expect(stage.runner.stop()).toBe(stopped);
    await stopped;
  });

  it('in any order leave what the last one asked for, and never two loops', async () => {
    const steps = fc.array(
      fc.record({
        call: fc.constantFrom('start', 'stop', 'now'),
        pause: fc.nat({ max: 40 }),
        job: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        let atWork = 0;
        let most = 0;
        const stage = await Stage.set(
          async () => {
            most = Math.max(most, ++atWork);
            await new Promise<void>((resolve) => void stage.clock.after(10, resolve));
            atWork -= 1;
          },
          { isStarted: false, queues: { default: 2 } },
        );
        const calls: Promise<void>[] = [];
        for (const { call, pause, job } of sequence) {
          if (job) await stage.put();
          calls.push(call === 'start' ? stage.runner.start() : stage.runner.stop({ now: call === 'now' }));
          if (pause > 20) await stage.pass(pause);
        }
        await stage.pass(30_000);
        await Promise.all(calls);
        expect(stage.runner.isRunning).toBe(sequence.at(-1)?.call === 'start');
        expect(most).toBeLessThanOrEqual(2);
        expect((await stage.storage.runners()).length).toBe(stage.runner.isRunning ? 1 : 0);
        await stage.runner.stop();
        await stage.runner.start();
        await stage.pass(1_000);
        const stats = await stage.storage.stats();
        expect(
          stats.filter((queue) => queue.ready + queue.running + queue.dead + queue.retrying > 0),
        ).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a timeout', () => {
  it.each<[string, (stage: () => Stage) => unknown]>([
    ['held the thread', (stage) => stage().block(5_000)],
    [
      'returned what takes long to encode',
      async (stage) => ({
        get slow() {
          // Once to check it, once to write it.
          stage().block(2_500);
          return true;
        },
      }),
    ],
  ])('counts from the start of its own run, also after one that %s', async (_, slow) => {
    const codes = [() => {}, async () => {}, () => slow(() => stage), deaf];
    const stage: Stage = await Stage.set((...run) => codes.shift()?.(...run));
    // After a run that took no time, jobs are claimed ahead: these come together.
    await stage.queue();
    await Promise.all([stage.put(), stage.put(), stage.put({ policy: { timeout: 1_000 } })]);
    // To move the fake clock meanwhile would undo that it was blocked.
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(stage.clock.monotonic()).toBe(5_000);
    await stage.pass(900);
    expect(stage.kinds()).not.toContain('retrying');
    expect(stage.runner.running().some(({ abortedBy }) => abortedBy !== undefined)).toBe(false);
    await stage.pass(200);
    expect(stage.runner.running().map(({ abortedBy }) => abortedBy)).toContain('timeout');
  });

  it('aborts the run, which has then failed and is tried again', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set((job, context) => {
      context.signal.addEventListener('abort', () => seen.push(context.signal.reason));
      return obedient(job, context);
    });
    const id = await stage.queue({ policy: { timeout: 1_000 } });
    await stage.pass(999);
    expect(seen).toEqual([]);
    await stage.pass(1);
    expect(seen).toEqual([expect.any(JobTimeoutError)]);
    expect(await stage.record(id)).toMatchObject({
      state: 'retrying',
      attempt: 1,
      stalls: 0,
      failures: [{ name: 'JobTimeoutError', attempt: 1 }],
    });
  });

  it('is a failure also when the run returns after it', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue({ policy: { timeout: 1_000 } });
    await stage.pass(2_000);
    runs[0]?.resolve();
    await stage.pass(0);
    expect(await stage.record(id)).toMatchObject({ state: 'retrying', attempt: 1 });
  });

  it('that is ignored has failed after the grace, while the slot is held until the code ends', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue({ policy: { timeout: 1_000 } });
    const next = await stage.queue();
    await stage.pass(6_100);
    expect(await stage.record(id)).toMatchObject({ state: 'retrying', attempt: 1 });
    expect(stage.event('stuck')).toMatchObject({ job: { id }, abortedBy: 'timeout' });
    await stage.pass(60_000);
    expect(runs).toHaveLength(1);
    expect(await stage.state(next)).toBe('ready');
    runs[0]?.resolve();
    await stage.pass(0);
    expect(runs).toHaveLength(2);
    expect(runs[1]?.context.id).toBe(next);
  });

  it('stands, also when the process stops before the run has ended', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue({ policy: { timeout: 1_000 } });
    await stage.pass(1_100);
    const stopped = stage.runner.stop({ now: true });
    await stage.pass(100);
    runs[0]?.reject(new Error('stopped'));
    await stage.pass(0);
    await stopped;
    expect(await stage.record(id)).toMatchObject({ state: 'retrying', attempt: 1 });
  });

  it('of one run is no matter to others', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 3 } });
    await stage.put({ policy: { timeout: 5_000 } });
    await stage.put({ policy: { timeout: 1_000 } });
    await stage.put();
    await stage.pass(1_500);
    expect(runs.map(({ context }) => context.signal.aborted)).toEqual([false, true, false]);
    runs[0]?.resolve();
    await stage.pass(20_000);
    expect(runs.map(({ context }) => context.signal.aborted).slice(0, 3)).toEqual([false, true, false]);
  });
});
