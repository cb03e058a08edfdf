import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { Runner } from '../../../lib/runtime/runner.js';
import { handler, middle, Stage, type Code } from './stage.js';
import { silence } from './watched-storage.js';

type Fault = 'none' | 'refused' | 'reply lost' | 'silence';

const faults = fc.infiniteStream(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fault>('none') },
    { weight: 2, arbitrary: fc.constant<Fault>('refused') },
    { weight: 2, arbitrary: fc.constant<Fault>('reply lost') },
    { weight: 1, arbitrary: fc.constant<Fault>('silence') },
  ),
);

it('whatever the storage does to its callers, every job ends, uncharged, and only its newest lease counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      faults,
      fc.array(fc.nat({ max: 40_000 }), { minLength: 1, maxLength: 20 }),
      async (next, lengths) => {
        const ended = new Map<string, number>();
        const code: Code = async (job, { id, token }) => {
          const { length } = job as { length: number };
          await new Promise<void>((resolve) => void stage.clock.after(length, resolve));
          ended.set(id, Math.max(ended.get(id) ?? 0, token));
        };
        const stage = await Stage.set(code, { queues: { default: 3 }, maxStalls: 1_000 });
        const other = new Runner({
          storage: stage.storage,
          clock: stage.clock,
          chance: middle,
          queues: { default: 3 },
          maxStalls: 1_000,
          handlers: [handler('work', code)],
        });
        await other.start();
        stage.storage.trouble = troubleFrom(next);
        const ids: string[] = [];
        for (const length of lengths) {
          ids.push(await stage.put({ payload: JSON.stringify({ length }) }));
          await stage.pass(1_000);
        }
        await stage.pass(60_000);
        stage.storage.trouble = {};
        await stage.pass(1_000_000);
        for (const id of ids) {
          const record = await stage.record(id);
          expect(record).toMatchObject({ id, state: 'completed', attempt: 0, failures: [] });
          expect(ended.get(id)).toBeGreaterThanOrEqual(record?.token ?? Infinity);
        }
        expect(stage.runner.isHealthy).toBe(true);
        await Promise.all([other.stop(), stage.runner.stop(), stage.pass(30_000)]);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

function troubleFrom(sequence: Iterator<Fault>) {
  const down = () => {
    throw new StorageUnavailableError('gone');
  };
  return {
    before: () => {
      const fault: unknown = sequence.next().value;
      return fault === 'refused' ? down() : fault === 'silence' ? silence() : undefined;
    },
    after: () => (sequence.next().value === 'reply lost' ? down() : undefined),
  };
}
