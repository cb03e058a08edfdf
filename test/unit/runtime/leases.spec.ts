import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { JobCancelledError, LeaseLostError } from '../../../lib/core/run-errors.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { deaf, held, obedient, Stage, type Code } from './stage.js';
import { silence } from './watched-storage.js';

const RIVAL = { runner: 'rival', lease: 30_000, names: ['work'], queues: [{ queue: 'default', limit: 10 }] };

/** Within one turn: the loop hangs, the lease runs out, a rival has the job. */
function loseToRival(stage: Stage): void {
  stage.block(31_000);
  void MemoryStorage.prototype.rescue.call(stage.storage, 10, 3);
  void MemoryStorage.prototype.pop.call(stage.storage, RIVAL);
}

/** A job is claimed, and the answer that brings it is still to come. */
async function lateClaim() {
  const stage = await Stage.set(() => {}, { isStarted: false });
  await stage.put();
  const answers: (() => void)[] = [];
  stage.storage.trouble.after = (method) =>
    method === 'pop' ? new Promise<void>((resolve) => void answers.push(resolve)) : undefined;
  await stage.runner.start();
  await stage.pass(0);
  stage.storage.trouble = {};
  return { stage, answer: () => answers.forEach((answer) => answer()) };
}

describe('heartbeats', () => {
  it('keep a job for as long as it runs', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    await stage.pass(600_000);
    runs[0]?.resolve();
    await stage.pass(0);
    expect(await stage.record(id)).toMatchObject({ state: 'completed', token: 1, stalls: 0 });
  });

  it('are one call for all jobs, three times per lease', async () => {
    const stage = await Stage.set(deaf, { queues: { default: 5, mail: 5 } });
    for (let i = 0; i < 5; i++) await stage.put();
    for (let i = 0; i < 5; i++) await stage.put({ queue: 'mail' });
    await stage.pass(1);
    stage.storage.calls.length = 0;
    await stage.pass(60_000);
    const beats = stage.storage.calls.filter(({ method }) => method === 'heartbeat');
    expect(beats).toEqual(Array.from({ length: 6 }, () => ({ method: 'heartbeat', size: 10 })));
  });

  it('do not take a job that is back for lost, while the end of its old run is still on its way', async () => {
    const { code, runs } = held();
    const reporting: Code = (job, context) => {
      if (context.token === 1) context.progress('half');
      return code(job, context);
    };
    const stage = await Stage.set(reporting, { queues: { default: 2 }, lease: 3_000 });
    // The end of the first run waits for its progress.
    stage.storage.trouble.before = (method) => (method === 'progress' ? new Promise(() => {}) : undefined);
    const id = await stage.queue();
    runs[0]?.resolve();
    await stage.pass(0);
    await MemoryStorage.prototype.release.call(stage.storage, [{ id, token: 1 }]);
    await stage.pass(5_000);
    expect(await stage.record(id)).toMatchObject({ state: 'running', token: 2 });
    expect(runs[1]?.context.signal.aborted).toBe(false);
    expect(stage.kinds()).not.toContain('lost');
    runs[1]?.resolve();
    await stage.pass(0);
    expect(await stage.state(id)).toBe('completed');
  });

  it('cover ends that are not recorded yet', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    stage.storage.trouble.before = (method) => {
      if (method === 'complete') throw new StorageUnavailableError('gone');
    };
    runs[0]?.resolve();
    await stage.pass(120_000);
    expect(await stage.state(id)).toBe('running');
    stage.storage.trouble = {};
    await stage.pass(5_000);
    expect(await stage.record(id)).toMatchObject({ state: 'completed', token: 1 });
  });

  it('show the runner to others until it leaves', async () => {
    const stage = await Stage.set(() => {}, { info: { host: 'here', pid: 7 } });
    const [runner] = await stage.storage.runners();
    expect(runner).toMatchObject({ id: stage.runner.id, host: 'here', pid: 7, names: ['work'] });
    await stage.runner.stop();
    await stage.pass(60_000);
    expect(await stage.storage.runners()).toEqual([]);
  });
});

describe('a lost lease', () => {
  it('aborts the run, whose end changes nothing', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    await stage.pass(1);
    const heartbeat = stage.storage.heartbeat.bind(stage.storage);
    stage.storage.heartbeat = async (beat) => {
      const answer = await heartbeat({ ...beat, leases: [] });
      return { ...answer, lost: beat.leases.map((lease) => lease.id) };
    };
    await stage.pass(12_000);
    expect(runs[0]?.context.signal.reason).toBeInstanceOf(LeaseLostError);
    loseToRival(stage);
    runs[0]?.resolve('too late');
    await stage.pass(100);
    expect(await stage.record(id)).toMatchObject({ state: 'running', runner: 'rival', token: 2 });
    expect(stage.kinds()).toContain('lost');
    expect(stage.kinds()).not.toContain('completed');
  });

  it('is assumed before it can happen when no beat gets through', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set((job, context) => {
      context.signal.addEventListener('abort', () =>
        seen.push(stage.clock.monotonic(), context.signal.reason),
      );
      return obedient(job, context);
    });
    stage.storage.trouble.before = (method) => (method === 'heartbeat' ? silence() : undefined);
    const id = await stage.queue();
    await stage.pass(28_900);
    expect(seen).toEqual([]);
    await stage.pass(200);
    expect(seen).toEqual([29_000, expect.any(LeaseLostError)]);
    // Nothing was written: the job is found by its lease alone.
    expect(await stage.record(id)).toMatchObject({ state: 'running', token: 1 });
  });

  it('of a job that has not begun keeps it from beginning here', async () => {
    const { stage, answer } = await lateClaim();
    loseToRival(stage);
    answer();
    await stage.pass(100);
    expect(stage.kinds()).not.toContain('started');
    expect(await stage.record('job-1')).toMatchObject({ state: 'running', runner: 'rival', token: 2 });
  });

  it('of a job that has not begun is given back, if it is still there to give', async () => {
    const { stage, answer } = await lateClaim();
    stage.block(30_500);
    answer();
    await stage.pass(0);
    expect(await stage.record('job-1')).toMatchObject({ state: 'completed', token: 2, stalls: 0 });
    expect(stage.kinds()).not.toContain('lost');
  });

  it('of a job whose code goes on holds the slot, and no second run starts beside it here', async () => {
    const runs: string[] = [];
    const stage = await Stage.set(
      (job, context) => {
        runs.push(context.id);
        return deaf(job, context);
      },
      { queues: { default: 2 } },
    );
    const id = await stage.queue();
    stage.block(40_000);
    await stage.pass(0);
    expect(stage.event('lost')?.job.id).toBe(id);
    await stage.pass(60_000);
    expect(runs).toEqual([id]);
    expect(await stage.record(id)).toMatchObject({ state: 'scheduled', stalls: 0 });
    expect(stage.event('stuck')).toMatchObject({ abortedBy: 'lost' });
    expect(stage.runner.isHealthy).toBe(false);
    expect(stage.runner.running()).toMatchObject([{ id, abortedBy: 'lost', isStray: true }]);
  });
});

describe('a blocked event loop', () => {
  it('is told with the jobs of that moment', async () => {
    const stage = await Stage.set(deaf);
    const id = await stage.queue();
    stage.block(25_000);
    await stage.pass(0);
    expect(stage.event('loop-blocked')).toMatchObject({ delay: 15_000, jobs: [{ id, name: 'work' }] });
  });

  it('has lost leases aborted before anything new is claimed', async () => {
    const order: string[] = [];
    const { code, runs } = held();
    const stage = await Stage.set(code, { queues: { default: 2 } });
    await stage.queue({ id: 'old' });
    runs[0]?.context.signal.addEventListener('abort', () => order.push('abort'));
    stage.storage.trouble.before = (method) => void (method === 'pop' && order.push('pop'));
    stage.block(40_000);
    await stage.put({ id: 'new' });
    await stage.pass(0);
    expect(order[0]).toBe('abort');
    expect(order).toContain('pop');
  });

  it('does not keep an end from being sent: whether it came in time, the storage says', async () => {
    const free = held();
    const one = await Stage.set(free.code);
    const id = await one.queue();
    free.runs[0]?.resolve('in time');
    one.block(40_000);
    await one.pass(0);
    expect(await one.record(id)).toMatchObject({ state: 'completed', token: 1, result: '"in time"' });

    const taken = held();
    const two = await Stage.set(taken.code);
    const other = await two.queue();
    taken.runs[0]?.resolve('too late');
    loseToRival(two);
    await two.pass(0);
    expect(await two.record(other)).toMatchObject({ state: 'running', runner: 'rival', token: 2 });
    expect(two.kinds()).toContain('lost');
  });
});

describe('a cancellation', () => {
  it('reaches the running job at once where the storage has signals', async () => {
    const stage = await Stage.set(obedient);
    const id = await stage.queue();
    await stage.storage.cancel([id], 'no longer needed');
    await stage.pass(60);
    expect(await stage.record(id)).toMatchObject({
      state: 'cancelled',
      attempt: 0,
      cancelReason: 'no longer needed',
    });
    expect(stage.event('cancelled')?.reason).toBe('no longer needed');
  });

  it('says why, and leaves completed what returns all the same', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue();
    await stage.storage.cancel([id], 'why not');
    await stage.pass(60);
    const reason = runs[0]?.context.signal.reason as Error;
    expect(reason).toBeInstanceOf(JobCancelledError);
    expect(reason.message).toBe('why not');
    runs[0]?.resolve(1);
    await stage.pass(0);
    expect(await stage.state(id)).toBe('completed');
  });

  it('of many jobs asks for few beats', async () => {
    const stage = await Stage.set(deaf, { queues: { default: 100 } });
    const ids: string[] = [];
    for (let i = 0; i < 100; i++) ids.push(await stage.put());
    await stage.pass(100);
    stage.storage.calls.length = 0;
    for (const id of ids) {
      await stage.storage.cancel([id], 'all');
      await stage.pass(1);
    }
    await stage.pass(100);
    expect(stage.storage.count('heartbeat')).toBeLessThanOrEqual(4);
    expect(stage.runner.running().every(({ abortedBy }) => abortedBy === 'cancelled')).toBe(true);
  });

  it('that comes while a beat is under way is asked for again', async () => {
    const stage = await Stage.set(obedient);
    const id = await stage.queue();
    let answer = () => {};
    stage.storage.trouble.after = (method) =>
      method === 'heartbeat' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await stage.pass(10_000);
    await stage.storage.cancel([id], 'meanwhile');
    stage.storage.trouble = {};
    answer();
    await stage.pass(100);
    expect(await stage.state(id)).toBe('cancelled');
  });

  it('stands as the reason, also when the time runs out before the run has ended', async () => {
    const { code, runs } = held();
    const stage = await Stage.set(code);
    const id = await stage.queue({ policy: { timeout: 1_000 } });
    await stage.storage.cancel([id], 'first');
    await stage.pass(2_000);
    expect(runs[0]?.context.signal.reason).toBeInstanceOf(JobCancelledError);
    runs[0]?.reject(new Error('stopped'));
    await stage.pass(0);
    expect(await stage.record(id)).toMatchObject({ state: 'cancelled', attempt: 0 });
  });
});
