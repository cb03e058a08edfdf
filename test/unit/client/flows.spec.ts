import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobInspector } from '../../../lib/client/job-inspector.js';
import { inParallel, inSequence } from '../../../lib/client/enqueue/flow-parts.js';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import type { ParentJob } from '../../../lib/core/parent-job.js';
import type { JobContext } from '../../../lib/core/job-context.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import { NonRetryableError } from '../../../lib/core/run-errors.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';
import { Runner } from '../../../lib/runtime/runner.js';

class Step {
  constructor(
    readonly name: string,
    readonly fails = false,
  ) {}
}
const definition = defineJob(Step, { name: 'step' });

class Single {}
defineJob(Single, { name: 'single', unique: { key: 'k' } });

let storage: MemoryStorage;
let jobs: QueueHandle;
let runner: Runner;
let runs: { readonly name: string; readonly parents: readonly ParentJob[] }[];
let broken: Set<string>;

beforeEach(async () => {
  storage = new MemoryStorage();
  await storage.open();
  jobs = new QueueHandle(storage);
  runs = [];
  broken = new Set(['broken']);
  const run = (job: object, context: JobContext) => {
    const { name } = job as Step;
    runs.push({ name, parents: context.parents });
    if (broken.has(name)) throw new NonRetryableError('it broke');
    return `${name} done`;
  };
  runner = new Runner({ storage, handlers: [{ definition, run }], queues: { default: 4 } });
  await runner.start();
});

afterEach(async () => {
  await runner.stop();
  await storage.close();
});

async function ended(id: string | undefined): Promise<void> {
  await expect.poll(() => jobs.info(id ?? '')).toHaveProperty('endedAt');
}

const names = () => runs.map(({ name }) => name);

describe('a chain', () => {
  it('runs its jobs one after another, each knowing what the one before returned', async () => {
    const { flow, ids } = await jobs.chain([new Step('a'), new Step('b'), new Step('c')]);
    await ended(ids[2]);
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(runs[1]?.parents).toEqual([
      { id: ids[0], needs: 'completed', ended: 'completed', result: 'a done' },
    ]);
    expect(await jobs.info(ids[1] ?? '')).toMatchObject({ flow, after: runs[1]?.parents });
  });

  it('that broke is cancelled from there on, and goes on where it broke when it is retried', async () => {
    const { flow, ids } = await jobs.chain([new Step('a'), new Step('broken'), new Step('c')]);
    await ended(ids[2]);
    expect(await jobs.info(ids[2] ?? '')).toMatchObject({ state: 'cancelled' });
    broken.clear();
    const results = await new JobInspector(storage).retryFlow(flow);
    expect(results.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    await expect.poll(() => jobs.info(ids[2] ?? '')).toMatchObject({ state: 'completed' });
    expect(names()).toEqual(['a', 'broken', 'broken', 'c']);
  });
});

describe('parts in parts', () => {
  it('run side by side and one after another, and what follows waits for the last of each', async () => {
    const part = inParallel([new Step('b'), inSequence([new Step('c'), new Step('d')])]);
    const { ids } = await jobs.chain([new Step('a'), part, new Step('e')]);
    await ended(ids[4]);
    expect(ids).toHaveLength(5);
    expect([names()[0], names()[4]]).toEqual(['a', 'e']);
    expect(names().indexOf('c')).toBeLessThan(names().indexOf('d'));
    const last = runs.find(({ name }) => name === 'e');
    expect(last?.parents.map(({ id, result }) => [id, result])).toEqual([
      [ids[1], 'b done'],
      [ids[3], 'd done'],
    ]);
  });

  it('of a batch are followed by one job when all of them have ended', async () => {
    const batch = await jobs.batch([inSequence([new Step('broken'), new Step('b')]), new Step('c')], {
      onEnd: new Step('report'),
    });
    await ended(batch.onEnd);
    expect(batch.ids).toHaveLength(3);
    expect(names().toSorted()).toEqual(['broken', 'c', 'report']);
    const report = runs.find(({ name }) => name === 'report');
    expect(report?.parents.map(({ ended: end }) => end)).toEqual(['dead', 'cancelled', 'completed']);
  });

  it('may be 16 deep, and no deeper; none may be empty', async () => {
    const nested = (depth: number): object => (depth === 0 ? new Step('x') : inParallel([nested(depth - 1)]));
    const { ids } = await jobs.chain([nested(15)]);
    await ended(ids[0]);
    await expect(jobs.chain([nested(17)])).rejects.toThrow('deeper than 16');
    await expect(jobs.chain([new Step('a'), inParallel([])])).rejects.toThrow('has no jobs');
  });
});

describe('a batch', () => {
  it('is followed by one job when all have ended, and by one when any is dead', async () => {
    const batch = await jobs.batch([new Step('a'), new Step('broken'), new Step('c')], {
      onEnd: new Step('report'),
      onDead: new Step('alarm'),
    });
    await ended(batch.onEnd);
    await ended(batch.onDead);
    expect(names().toSorted()).toEqual(['a', 'alarm', 'broken', 'c', 'report']);
    const report = runs.find(({ name }) => name === 'report');
    expect(report?.parents.map(({ ended: end }) => end)).toEqual(['completed', 'dead', 'completed']);
  });

  it('in which none is dead cancels what waits for that', async () => {
    const batch = await jobs.batch([new Step('a')], { onDead: new Step('alarm') });
    await ended(batch.onDead);
    expect(await jobs.info(batch.onDead ?? '')).toMatchObject({ state: 'cancelled' });
  });
});

describe('what jobs before it returned', () => {
  it('is there though their records were not kept, in order and by their classes', async () => {
    const results: unknown[] = [];
    class Last {
      run(context: JobContext): void {
        results.push(context.results(Step, Step), context.results());
        context.results(Step, Step, Step);
      }
    }
    const last = defineJob(Last, { name: 'last' });
    await runner.stop();
    const handlers = [
      { definition, run: (job: object) => (job as Step).name.length },
      { definition: last, run: (job: object, context: JobContext) => (job as Last).run(context) },
    ];
    runner = new Runner({ storage, handlers, queues: { default: 4 } });
    await runner.start();
    const keep = { completed: false } as const;
    const { ids } = await jobs.chain([inParallel([new Step('a'), new Step('bcd')]), new Last()], { keep });
    await ended(ids[2]);
    expect(results).toEqual([[1, 3], []]);
    expect(await jobs.info(ids[2] ?? '')).toMatchObject({ state: 'dead', reason: 'non-retryable' });
    expect(await jobs.info(ids[0] ?? '')).toBeUndefined();
  });
});

describe('a flow', () => {
  it('joins where its steps say so, and is listed and cancelled as one', async () => {
    const { flow, ids } = await jobs.flow({
      last: { job: new Step('last'), after: { left: 'completed', right: 'ended' } },
      left: { job: new Step('left'), after: ['first'] },
      right: { job: new Step('right'), after: ['first'] },
      first: { job: new Step('first') },
    });
    await ended(ids.last);
    expect([names()[0], names()[3]]).toEqual(['first', 'last']);
    expect(runs[3]?.parents.map(({ result }) => result)).toEqual(['left done', 'right done']);
    const inspector = new JobInspector(storage);
    expect((await inspector.list({ flow })).jobs).toHaveLength(4);
    const later = await jobs.chain([new Step('x'), new Step('y')], { delay: '1h' });
    expect(await inspector.cancel({ flow: later.flow })).toMatchObject({ done: 2 });
    expect(await jobs.info(later.ids[1] ?? '')).toMatchObject({ state: 'cancelled' });
  });

  it('is refused where it could not come to an end', async () => {
    const job = new Step('a');
    await expect(jobs.flow({ a: { job, after: ['b'] }, b: { job, after: ['a'] } })).rejects.toThrow(
      'in a circle',
    );
    await expect(jobs.flow({ a: { job, after: ['z' as never] } })).rejects.toThrow(
      "waits for 'z', which is no step",
    );
    await expect(jobs.flow({ a: { job }, b: { job, after: { a: 'late' as never } } })).rejects.toThrow(
      "needs 'late' of 'a'",
    );
    await expect(jobs.flow({})).rejects.toThrow('from 1 to 1000 jobs');
    await expect(jobs.chain(Array.from({ length: 1_001 }, () => job))).rejects.toThrow('not 1001');
    await expect(jobs.chain([new Single(), job])).rejects.toThrow('has a unique key');
    expect(await storage.stats()).toEqual([]);
  });
});
