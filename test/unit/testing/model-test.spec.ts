import { describe, expect, it } from 'vitest';
import type { Beat, PopRequest } from '../../../lib/storage/claims.js';
import type { JobChange, QueueLimits, RetryOptions } from '../../../lib/storage/inspection.js';
import type { NewJob } from '../../../lib/storage/new-job.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { storageModelTest } from '../../../lib/testing/contract/model/model-test.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

/** Extends leases by a millisecond at most. */
class Stingy extends MemoryStorage {
  override heartbeat(beat: Beat) {
    return super.heartbeat({ ...beat, lease: 1 });
  }
}

/** Pushes jobs otherwise than it is told to. */
function pushing(change: (job: NewJob) => NewJob) {
  return class extends MemoryStorage {
    override push(jobs: readonly NewJob[]) {
      return super.push(jobs.map(change));
    }
  };
}

/** Bounds queues otherwise than it is told to. */
function limiting(change: (limits: QueueLimits) => QueueLimits) {
  return class extends MemoryStorage {
    readonly #told = new Map<string, QueueLimits>();

    override limit(queue: string, limits?: QueueLimits) {
      if (limits === undefined) this.#told.delete(queue);
      else this.#told.set(queue, limits);
      return super.limit(queue, limits && change(limits));
    }

    /** So that it does not show in the numbers. */
    override async stats() {
      const stats = await super.stats();
      return stats.map((numbers) => {
        const limits = this.#told.get(numbers.queue);
        return limits === undefined ? numbers : { ...numbers, limits };
      });
    }
  };
}

const oneMore = <T extends { readonly concurrency?: number }>(bounds: T): T =>
  bounds.concurrency === undefined ? bounds : { ...bounds, concurrency: bounds.concurrency + 1 };

type MemoryClass = new (options: { readonly clock: FakeClock }) => MemoryStorage;

const PLANTED: Readonly<Record<string, MemoryClass>> = {
  'pauses no group': class extends MemoryStorage {
    readonly #held = new Set<string>();

    override async pause(queue: string, reason: string, group?: string) {
      if (group === 'g') this.#held.add(queue);
      return super.pause(queue, reason, group);
    }

    override async resume(queue: string, group?: string) {
      if (group === 'g') this.#held.delete(queue);
      return super.resume(queue, group);
    }

    override async pop(request: PopRequest) {
      for (const queue of this.#held) await super.resume(queue, 'g');
      const popped = await super.pop(request);
      for (const queue of this.#held) await super.pause(queue, 'held', 'g');
      return popped;
    }
  },
  'runs one more than a queue may': limiting(oneMore),
  'runs one more than a group may': limiting(({ groups, ...own }) => ({
    ...own,
    ...(groups && { groups: oneMore(groups) }),
  })),
  'lets a rate go too early': limiting(({ rate, ...rest }) => ({
    ...rest,
    ...(rate && { rate: { ...rate, per: rate.per * 0.7 } }),
  })),
  'lets a rate go too late': limiting(({ rate, ...rest }) => ({
    ...rest,
    ...(rate && { rate: { ...rate, per: rate.per * 1.3 } }),
  })),
  'runs what is too late': pushing(({ expiresIn, ...job }) => ({
    ...job,
    ...(expiresIn !== undefined && { expiresIn: expiresIn + 100 }),
  })),
  'knows no order but one': pushing(({ order, ...job }) =>
    order === 'lifo' ? job : { ...job, ...(order && { order }) },
  ),
  'ages the wrong way': pushing(({ order, ...job }) => ({
    ...job,
    ...(order && { order: order === 'lifo' ? order : { ageing: -order.ageing } }),
  })),
  'holds keys until their job ends': pushing(({ unique, ...job }) => ({
    ...job,
    ...(unique && { unique: typeof unique.while === 'object' ? { ...unique, while: 'live' } : unique }),
  })),
  'replaces the payload alone': pushing(({ unique, ...job }) => ({
    ...job,
    ...(unique && { unique: unique.replace ? { ...unique, replace: ['payload'] } : unique }),
  })),
  'needs completion where an end will do': pushing(({ after, ...job }) => ({
    ...job,
    ...(after && {
      after: after.map((one) => (one.needs === 'ended' ? { ...one, needs: 'completed' } : one)),
    }),
  })),
  'forgets the delay of a change': class extends MemoryStorage {
    override change(ids: readonly string[], { delay: _, ...change }: JobChange) {
      return super.change(ids, change);
    }
  },
  'starts again in the queue it was in': class extends MemoryStorage {
    override retry(ids: readonly string[], { queue: _, ...options }: RetryOptions = {}) {
      return super.retry(ids, options);
    }
  },
};

async function failureOf(seed: number, Storage: MemoryClass = Stingy, runs = 200): Promise<string> {
  const create = async () => {
    const clock = new FakeClock();
    return {
      create: () => new Storage({ clock }),
      advance: (milliseconds: number) => clock.advance(milliseconds),
      dispose: async () => {},
    };
  };
  const error: unknown = await storageModelTest({ create, runs, seed }).catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : 'nothing was found';
}

// A busy machine takes its time for thousands of steps.
describe('storageModelTest', { timeout: 60_000 }, () => {
  it('finds what a storage does wrong, and tells the seed and the few steps that show it', async () => {
    const message = await failureOf(42);
    expect(message).toContain('seed: 42');
    const steps = message.match(/"kind":"\w+"/g) ?? [];
    expect(steps).toHaveLength(3);
    expect(steps[2]).toBe('"kind":"heartbeat"');
  });

  it('finds the same again with the same seed', async () => {
    expect(await failureOf(7)).toBe(await failureOf(7));
  });

  it.each(Object.entries(PLANTED))('finds a storage that %s', async (_, Storage) => {
    expect(await failureOf(42, Storage, 1_000)).toContain('Counterexample');
  });
});
