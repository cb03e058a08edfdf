import {
  JobInspector,
  MemoryStorage,
  type ActionResult,
  type BulkSummary,
  type DryRun,
  type Reason,
} from 'nestjs-background-jobs/core';

const inspector = new JobInspector(new MemoryStorage());

// What comes back follows from what was asked.
export const one: Promise<readonly ActionResult[]> = inspector.retry('id');
export const many: Promise<readonly ActionResult[]> = inspector.cancel(['a', 'b'], { reason: 'spam' });
export const all: Promise<BulkSummary> = inspector.retry({ state: 'dead' }, { limit: 100 });
export const dry: Promise<DryRun> = inspector.move({ queue: 'mail' }, 'slow', { dryRun: true });
export const ended: Promise<BulkSummary> = inspector.cancel(
  { queue: 'mail' },
  { reason: 'spam', batchSize: 10 },
);

export function stateOf(result: ActionResult): string {
  return result.outcome === 'refused' ? result.state : result.outcome;
}

// @ts-expect-error only what was refused has a state
export const state = (result: ActionResult) => result.state;

export function whenOf(reason: Reason): Date | undefined {
  if (reason.kind === 'not-due') return reason.at;
  return reason.kind === 'queue-paused' || reason.kind === 'lease-over' ? reason.since : undefined;
}

export async function walk(): Promise<void> {
  for await (const { id } of inspector.each({ queue: 'mail' })) await inspector.promote(id);
}

// @ts-expect-error no such state
void inspector.list({ state: 'failed' });
// @ts-expect-error no such field
void inspector.count({ jobName: 'mail' });
// @ts-expect-error a dry run is of a filter, not of ids
void inspector.retry(['a'], { dryRun: true });
// @ts-expect-error whether it is a dry run must be known when it is written
void inspector.remove({ state: 'dead' }, { dryRun: Math.random() > 0.5 });
// @ts-expect-error a dry run calls nobody back
void inspector.remove({ state: 'dead' }, { dryRun: true, onBatch: () => {} });
// @ts-expect-error where to?
void inspector.move({ queue: 'mail' });
// @ts-expect-error no reason without a cancel
void inspector.retry('a', { reason: 'spam' });
