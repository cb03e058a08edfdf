import { decodePolicy } from '../../../core/policy.js';
import type { NewJob, Order } from '../../../storage/new-job.js';
import { digits, encodeTexts } from '../jobs/job-record.js';
import type { Lanes } from '../jobs/lanes.js';
import { NEED } from '../layout/stored-letters.js';

/** Which jobs of a push have more than a plain job; those that others wait for do as well. */
export function richOf(jobs: readonly NewJob[]): ReadonlySet<NewJob> | undefined {
  let rich: Set<NewJob> | undefined;
  let needed: Set<string> | undefined;
  for (const job of jobs) {
    if (!isMore(job) && job.unique?.replace === undefined && typeof job.unique?.while !== 'object') continue;
    (rich ??= new Set()).add(job);
    for (const { id } of job.after ?? []) (needed ??= new Set()).add(id);
  }
  if (rich === undefined || needed === undefined) return rich;
  for (const job of jobs) if (needed.has(job.id)) rich.add(job);
  return rich;
}

/** The ids that jobs of a push wait for. */
export function neededIn(jobs: Iterable<NewJob>): ReadonlySet<string> {
  const needed = new Set<string>();
  for (const { after = [] } of jobs) for (const { id } of after) needed.add(id);
  return needed;
}

/** What follows lane, priority, due, unique and queue, as `pushRich` reads it. */
export function encodeRich(job: NewJob, needed: ReadonlySet<string>, lanes: Lanes): string[] {
  const { id, unique, group, expiresIn, order, flow, after = [], policy } = job;
  const hold = typeof unique?.while === 'object' ? String(unique.while.for) : '';
  const replace = (unique?.replace ?? []).map((what) => what.slice(0, 1)).join('');
  const keep = after.length === 0 ? '' : decodePolicy(policy).keep.cancelled;
  return [
    ...[id, encodeTexts(job, lanes), unique?.key ?? '', hold, replace],
    ...[isMore(job) || needed.has(id) ? '1' : '0', given(group)],
    ...[expiresIn === undefined ? '' : String(expiresIn), encodeOrder(order), given(flow)],
    ...[keep === false ? '-' : String(keep), String(after.length)],
    ...after.flatMap((dependency) => [dependency.id, NEED[dependency.needs]]),
  ];
}

/** Whether it is known by more than its texts, as long as it is there. */
function isMore({ group, expiresIn, order, flow, after }: NewJob): boolean {
  return (
    group !== undefined ||
    expiresIn !== undefined ||
    order !== undefined ||
    flow !== undefined ||
    after !== undefined
  );
}

function encodeOrder(order: Order | undefined): string {
  if (order === undefined) return '';
  return order === 'lifo' ? `1${digits(0, 13)}` : `2${digits(order.ageing, 13)}`;
}

function given(text: string | undefined): string {
  return text === undefined ? '' : `+${text}`;
}
