/**
 * What a job needs of one that it waits for. `completed`: that it completes; ended otherwise, the waiting job is
 * cancelled. `ended`: that it ends, however. `dead`: that it dies; the waiting job runs with the first that does,
 * and is cancelled when all have ended and none has died.
 * @publicApi
 */
export type Need = 'completed' | 'ended' | 'dead';

/** A job that another waits for. @publicApi */
export interface Dependency {
  readonly id: string;
  readonly needs: Need;
}

/** How a job can end. @publicApi */
export type End = 'completed' | 'dead' | 'cancelled';

/** A dependency, and what became of it. @publicApi */
export interface SettledDependency extends Dependency {
  /** Absent while it has not ended. */
  readonly ended?: End;
  /** Encoded result, when it completed with one. Stays as long as the record of the job that waited. */
  readonly result?: string;
}

/** What the end of one dependency does to a blocked job. */
export type EdgeEffect =
  /** It counts: once all have, the job is free. */
  | 'met'
  /** The job is free at once, whatever the others do. */
  | 'free'
  /** It counts; if the last to count does so, nothing that was waited for has come: the job is cancelled. */
  | 'lapsed'
  /** What was needed can never be: the job is cancelled at once. */
  | 'cancel';

/** Decides what the end of a dependency does to the job that waits for it. */
export function effectOf(needs: Need, end: End): EdgeEffect {
  if (needs === 'ended') return 'met';
  if (needs === 'dead') return end === 'dead' ? 'free' : 'lapsed';
  return end === 'completed' ? 'met' : 'cancel';
}

/** Why a blocked job was cancelled, when the dependency `id` ended. */
export function whyUnblockable(effect: 'lapsed' | 'cancel', id: string, end: End): string {
  return effect === 'lapsed'
    ? 'none of the jobs it waited for has died'
    : `the job ${id}, which it needs, is ${end}`;
}

/** What a blocked job becomes, from all its dependencies as they are: for whoever starts it again. */
export function standing(
  after: readonly SettledDependency[],
): 'blocked' | 'free' | { readonly cancelReason: string } {
  let isOpen = false;
  let last: (SettledDependency & { ended: End }) | undefined;
  for (const dependency of after) {
    if (dependency.ended === undefined) {
      isOpen = true;
      continue;
    }
    const effect = effectOf(dependency.needs, dependency.ended);
    if (effect === 'free') return 'free';
    if (effect === 'cancel')
      return { cancelReason: whyUnblockable('cancel', dependency.id, dependency.ended) };
    last = { ...dependency, ended: dependency.ended };
  }
  if (isOpen) return 'blocked';
  if (last?.needs === 'dead') return { cancelReason: whyUnblockable('lapsed', last.id, last.ended) };
  return 'free';
}
