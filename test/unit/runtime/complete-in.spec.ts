import { describe, expect, it } from 'vitest';
import type { JobContext } from '../../../lib/core/job-context.js';
import type { Completion, Recorded } from '../../../lib/storage/claims.js';
import { held, Stage, type Code } from './stage.js';

/** A transaction of the application's, on a storage that writes its ends once it commits. */
interface Transaction {
  readonly ends: Completion[];
  commit(): Promise<void>;
}

async function set(code: Code): Promise<{ stage: Stage; begin: () => Transaction }> {
  const stage = await Stage.set(code, { lease: 3_000 });
  const { storage } = stage;
  const complete = storage.complete.bind(storage);
  storage.complete = async (ends, next, transaction?: Transaction) => {
    if (transaction === undefined) return complete(ends, next);
    transaction.ends.push(...ends);
    return { results: await Promise.all(ends.map(({ lease }) => answerTo(stage, lease))) };
  };
  const begin = () => {
    const ends: Completion[] = [];
    return { ends, commit: async () => void (await complete(ends)) };
  };
  return { stage, begin };
}

async function answerTo(stage: Stage, { id, token }: { id: string; token: number }): Promise<Recorded> {
  const record = await stage.record(id);
  return record?.state === 'running' && record.token === token ? 'recorded' : 'lost';
}

describe('a run that completes its job in a transaction', () => {
  it('and returns after the commit is told of once, with the result that was committed', async () => {
    const { stage, begin } = await set(async (_, { completeIn }) => {
      const transaction = begin();
      await completeIn(transaction, { sent: 1 });
      await transaction.commit();
      return 'something else';
    });
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({ state: 'completed', result: '{"sent":1}', attempt: 0 });
    expect(stage.kinds()).toEqual(['started', 'completed']);
  });

  it('and returns after the commit is told of as completed where no record is kept, too', async () => {
    const { stage, begin } = await set(async (_, { completeIn }) => {
      const transaction = begin();
      await completeIn(transaction);
      await transaction.commit();
    });
    const id = await stage.queue({ policy: { keep: { completed: false, dead: false, cancelled: false } } });
    expect(await stage.record(id)).toBeUndefined();
    expect(stage.kinds()).toEqual(['started', 'completed']);
  });

  it('and throws after the commit is completed, and nothing else is told', async () => {
    const { stage, begin } = await set(async (_, { completeIn }) => {
      const transaction = begin();
      await completeIn(transaction);
      await transaction.commit();
      throw new Error('too late');
    });
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({ state: 'completed', failures: [] });
    expect(stage.kinds()).toEqual(['started', 'completed']);
  });

  it('and throws after a rollback has failed like any other', async () => {
    const { stage, begin } = await set(async (_, { completeIn }) => {
      await completeIn(begin());
      throw new Error('rolled back');
    });
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({
      state: 'retrying',
      failures: [{ message: 'rolled back' }],
    });
    expect(stage.kinds()).toEqual(['started', 'retrying']);
  });

  it('and returns after a rollback is completed all the same', async () => {
    const { stage, begin } = await set(async (_, { completeIn }) => {
      await completeIn(begin(), 'in vain');
      return 'at last';
    });
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({ state: 'completed', result: '"at last"' });
  });

  it('and snoozes after a rollback waits, and after a commit does not', async () => {
    const commits = [false, true];
    const { stage, begin } = await set(async (_, { completeIn, snooze }) => {
      const transaction = begin();
      await completeIn(transaction);
      if (commits.shift()) await transaction.commit();
      return snooze('1s');
    });
    const id = await stage.queue();
    expect(await stage.state(id)).toBe('scheduled');
    await stage.pass(1_000);
    expect(await stage.state(id)).toBe('completed');
    expect(stage.kinds()).toEqual(['started', 'snoozed', 'started', 'completed']);
  });

  it('may try again in another transaction', async () => {
    const { stage, begin } = await set(async (_, { completeIn }) => {
      await completeIn(begin(), 1);
      const second = begin();
      await completeIn(second, 2);
      await second.commit();
    });
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({ state: 'completed', result: '2' });
  });

  it('stands in no beat from then on, since its row may be locked; where it was refused, it does', async () => {
    const { code, runs } = held();
    const { stage, begin } = await set(code);
    await stage.queue();
    const sizes = async () => {
      const seen = stage.storage.calls.filter(({ method }) => method === 'heartbeat').length;
      await stage.pass(1_100);
      return stage.storage.calls.filter(({ method }) => method === 'heartbeat').slice(seen)[0]?.size;
    };
    const { context, resolve } = runs[0] as (typeof runs)[0];
    expect(await sizes()).toBe(1);
    const { complete } = stage.storage;
    stage.storage.complete = () => Promise.reject(new Error('syntax error'));
    await expect(context.completeIn(begin())).rejects.toThrow('syntax error');
    stage.storage.complete = complete;
    expect(await sizes()).toBe(1);
    await context.completeIn(begin());
    expect(await sizes()).toBe(0);
    resolve();
  });
});

describe('completing in a transaction is refused', () => {
  it('where another has the lease, so that the transaction rolls back', async () => {
    let refusal: unknown;
    const { stage, begin } = await set(async (_, { id, token, completeIn }) => {
      await stage.storage.release([{ id, token }]);
      await completeIn(begin()).catch((error: unknown) => (refusal = error));
      throw refusal;
    });
    await stage.queue();
    expect(refusal).toMatchObject({ code: 'LEASE_LOST' });
  });

  it.each<[string, string, (stage: Stage) => Promise<void>]>([
    ['JOB_TIMEOUT', 'the run has overrun its time', (stage) => stage.pass(600)],
    ['LEASE_LOST', 'the lease was lost while it ran', (stage) => (stage.block(4_000), stage.pass(0))],
  ])('with %s where %s', async (code, _, wait) => {
    const { code: run, runs } = held();
    const { stage, begin } = await set(run);
    await stage.queue({ policy: code === 'JOB_TIMEOUT' ? { timeout: 500 } : {} });
    const { context, resolve } = runs[0] as { context: JobContext; resolve: () => void };
    await wait(stage);
    const transaction = begin();
    await expect(context.completeIn(transaction)).rejects.toMatchObject({ code });
    expect(transaction.ends).toEqual([]);
    resolve();
  });

  it('by a storage that can join no transaction', async () => {
    const stage = await Stage.set((_, { completeIn }) => completeIn({}));
    const id = await stage.queue();
    expect(await stage.record(id)).toMatchObject({
      state: 'retrying',
      failures: [{ name: 'UnsupportedError', message: expect.stringContaining('OutboxStorage') }],
    });
  });
});
