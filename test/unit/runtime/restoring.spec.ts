import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import type { JobCarrier } from '../../../lib/core/job-carrier.js';
import { encodeCarried, markCarried } from '../../../lib/core/carried.js';
import { markTick } from '../../../lib/core/tick-mark.js';
import { Stage } from './stage.js';

const tenant = new AsyncLocalStorage<unknown>();

/** Restores into `tenant`, as `restore` says. */
function carrier(restore: JobCarrier['restore'] = (value, next) => tenant.run(value, next), name = 'tenant') {
  return { name, capture: () => undefined, restore };
}

async function run(
  restore: JobCarrier['restore'] | undefined,
  work: () => unknown = () => tenant.getStore(),
  meta = markCarried(encodeCarried({ tenant: 'acme' }), '"mine"'),
) {
  const seen: unknown[] = [];
  const stage = await Stage.set(
    async (_, context) => {
      seen.push(tenant.getStore(), context.meta);
      return work();
    },
    { carriers: [carrier(restore)] },
  );
  const id = await stage.queue(meta === '' ? {} : { meta });
  const record = await stage.record(id);
  return { seen, record, failed: stage.event('carrier-failed') };
}

const thrown = () => {
  throw new Error('of the run');
};

describe('what carriers restore', () => {
  it('stands around the run, and leaves its meta as it was queued', async () => {
    const { seen, record, failed } = await run(undefined);
    expect(seen).toEqual(['acme', 'mine']);
    expect(record).toMatchObject({ state: 'completed', result: '"acme"' });
    expect(failed).toBeUndefined();
  });

  it('is asked for also where nothing came along, or nothing that still reads', async () => {
    for (const meta of ['', '"mine"', '^{"tena', '^[1]\n', markTick({ schedule: 's', tick: 1 }, '1')]) {
      const values: unknown[] = [];
      const { seen } = await run(
        (value, next) => {
          values.push(value);
          return next();
        },
        undefined,
        meta,
      );
      expect(values).toEqual([undefined]);
      expect(seen).toHaveLength(2);
    }
  });

  it('stands in the order of the carriers, the first outermost', async () => {
    const order: string[] = [];
    const named = (name: string) =>
      carrier((_, next) => {
        order.push(name);
        return next();
      }, name);
    const stage = await Stage.set(() => void order.push('run'), { carriers: [named('a'), named('b')] });
    await stage.queue();
    expect(order).toEqual(['a', 'b', 'run']);
  });

  it('may wait before and after: the run ends no sooner', async () => {
    const order: string[] = [];
    const { record, failed } = await run(
      async (value, next) => {
        await Promise.resolve();
        await tenant.run(value, next);
        order.push('after');
      },
      () => void order.push('run'),
    );
    expect(order).toEqual(['run', 'after']);
    expect(record?.state).toBe('completed');
    expect(failed).toBeUndefined();
  });
});

describe('a carrier that breaks', () => {
  const broken = new Error('of the carrier');
  const ways: Record<string, JobCarrier['restore']> = {
    'throws before': () => {
      throw broken;
    },
    'throws after': (_, next) => {
      void next();
      throw broken;
    },
    'rejects before': () => Promise.reject(broken),
    'rejects after': async (_, next) => {
      await Promise.resolve(next()).catch(() => {});
      throw broken;
    },
  };

  it.each(Object.keys(ways))('which %s, is told of, and the run comes to what it comes to', async (way) => {
    const completed = await run(ways[way], () => 'done');
    expect(completed.record).toMatchObject({ state: 'completed', result: '"done"' });
    expect(completed.failed).toMatchObject({ carrier: 'tenant', error: broken });
    const failing = await run(ways[way], thrown);
    expect(failing.record?.failures).toMatchObject([{ message: 'of the run' }]);
    expect(failing.failed).toMatchObject({ carrier: 'tenant', error: broken });
  });

  it.each<[string, JobCarrier['restore']]>([
    ['at once', () => {}],
    ['later', async () => {}],
  ])('for it does not call next, %s, does not keep the job from running', async (_, restore) => {
    const { record, failed } = await run(restore, () => 'done');
    expect(record).toMatchObject({ state: 'completed', result: '"done"' });
    expect(failed?.error).toMatchObject({ code: 'INVALID_CONTEXT' });
  });

  it('for it calls next twice, does not have the job run twice', async () => {
    let runs = 0;
    await run(
      (_, next) => {
        void next();
        return next();
      },
      () => void runs++,
    );
    expect(runs).toBe(1);
  });

  it('is not blamed for what the run throws', async () => {
    for (const restore of [undefined, async (_: unknown, next: () => unknown) => next()]) {
      const { record, failed } = await run(restore, thrown);
      expect(record?.failures).toMatchObject([{ message: 'of the run' }]);
      expect(failed).toBeUndefined();
    }
  });
});
