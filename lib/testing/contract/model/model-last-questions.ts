import { hasEnded } from '../../../core/lifecycle.js';
import type { ContractContext } from '../contract-context.js';
import { COMPLETED, jobOf, requestOf } from '../job-factories.js';
import { GROUPS, KEYS, NAMES, QUEUES } from './model-pools.js';
import { takeStep, type Step } from './model-step.js';
import type { StorageModel } from './model.js';

/**
 * The end of every sequence. Who has a key, and what a group has started that has no job any more, nobody sees by
 * looking, and to ask changes too much to be done in between: a new job for each of them tells.
 */
export async function askLastQuestions(model: StorageModel, context: ContractContext): Promise<void> {
  const take = (step: Step) => takeStep(step, model, context);
  await take({ kind: 'push', jobs: KEYS.map((key) => jobOf({ unique: { key, while: 'live' } })) });
  if (!context.storage.capabilities.groups) return;
  await startAll(take);
  const running = model.list().filter(({ record }) => record.state === 'running');
  const ends = running.map(({ record }) => ({ id: record.id, age: 0, settlement: COMPLETED }));
  await take({ kind: 'complete', ends });
  const left = model.list().filter(({ record }) => !hasEnded(record.state));
  await take({ kind: 'cancel', ids: left.map(({ record }) => record.id) });
  await take({
    kind: 'push',
    jobs: QUEUES.flatMap((queue) => GROUPS.map((group) => jobOf({ queue, group }))),
  });
  await startAll(take);
}

async function startAll(take: (step: Step) => Promise<void>): Promise<void> {
  const queues = QUEUES.map((queue) => ({ queue, limit: 100 }));
  await take({ kind: 'pop', request: { ...requestOf({ names: NAMES }), queues } });
}
