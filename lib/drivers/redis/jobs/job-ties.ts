import type { End, Need, SettledDependency } from '../../../core/dependency.js';
import type { LeasedJob } from '../../../core/job.js';
import { NEED, STATE } from '../layout/stored-letters.js';

/** What ties a job to others, as scripts return it: group, flow, and in pairs whom it waits for and what is known of it. */
export type TiesReply = [group: string | null, flow: string | null, after: string[]];

const NEEDS = new Map(Object.entries(NEED).map(([need, letter]) => [letter, need as Need]));
const ENDS = new Map<string, End>([
  [STATE.completed, 'completed'],
  [STATE.dead, 'dead'],
  [STATE.cancelled, 'cancelled'],
]);

export function tiesOf([group, flow, after]: TiesReply): Pick<LeasedJob, 'group' | 'flow' | 'after'> {
  return {
    ...(group === null ? {} : { group }),
    ...(flow === null ? {} : { flow }),
    ...(after.length === 0 ? {} : { after: dependenciesOf(after) }),
  };
}

function dependenciesOf(flat: readonly string[]): SettledDependency[] {
  const edges: { readonly id: string; readonly edge: string }[] = [];
  for (let nth = 0; nth < flat.length; nth += 2)
    edges.push({ id: flat[nth] ?? '', edge: flat[nth + 1] ?? '' });
  // In the order of the push, which a hash does not keep.
  return edges.toSorted((a, b) => (a.edge < b.edge ? -1 : 1)).map(({ id, edge }) => dependencyOf(id, edge));
}

function dependencyOf(id: string, edge: string): SettledDependency {
  const ended = ENDS.get(edge.slice(6, 7));
  return {
    id,
    needs: NEEDS.get(edge.slice(5, 6)) ?? 'completed',
    ...(ended === undefined ? {} : { ended }),
    ...(edge.length > 7 ? { result: edge.slice(8) } : {}),
  };
}
