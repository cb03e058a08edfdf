import { effectOf, whyUnblockable, type End, type SettledDependency } from '../../core/dependency.js';
import type { StoredJob } from './stored-job.js';

/** What becomes of a blocked job: it is free, or can never run, for a reason. */
export interface Unblocked {
  readonly job: StoredJob;
  readonly cancelReason?: string;
}

/** Who waits, or waited, for whom. */
export class Dependants {
  readonly #of = new Map<string, Set<StoredJob>>();

  /** Whether somebody waits, or waited, for the job. */
  has(id: string): boolean {
    return this.#of.size > 0 && this.#of.has(id);
  }

  /** The job waits for what its `after` names. */
  add(job: StoredJob): void {
    if (job.extras?.after === undefined) return;
    for (const { id } of job.extras.after) {
      const dependants = this.#of.get(id);
      if (dependants === undefined) this.#of.set(id, new Set([job]));
      else dependants.add(job);
    }
  }

  /** The record of one that waited goes. */
  remove(job: StoredJob): void {
    for (const { id } of job.extras?.after ?? []) {
      const dependants = this.#of.get(id);
      dependants?.delete(job);
      if (dependants?.size === 0) this.#of.delete(id);
    }
  }

  /** The record of one that others waited for goes: whoever has its id next is another job. */
  forget(id: string): void {
    this.#of.delete(id);
  }

  /** Tells all that wait for a job how it ended. Yields those that wait no more. */
  *settle(id: string, end: End, result: string | undefined): Iterable<Unblocked> {
    for (const job of this.#of.get(id) ?? []) {
      // What is known of an end stays, though the job has started again and ends otherwise.
      if (job.extras?.after?.find((dependency) => dependency.id === id)?.ended !== undefined) continue;
      const edge = this.#write(job, id, { ended: end, ...(result === undefined ? {} : { result }) });
      if (edge === undefined || job.state !== 'blocked') continue;
      const effect = effectOf(edge.needs, end);
      const isLast = job.extras?.after?.every(({ ended }) => ended !== undefined) ?? true;
      if (effect === 'free' || (effect === 'met' && isLast)) yield { job };
      else if (effect === 'cancel' || (effect === 'lapsed' && isLast)) {
        yield { job, cancelReason: whyUnblockable(effect, id, end) };
      }
    }
  }

  /** A job starts again: those that may wait for it once more do not know its end any more. */
  reopen(id: string): void {
    for (const job of this.#of.get(id) ?? []) {
      if (job.state === 'blocked' || job.state === 'dead' || job.state === 'cancelled')
        this.#write(job, id, {});
    }
  }

  // Records that were handed out must not change.
  #write(
    job: StoredJob,
    id: string,
    what: Pick<SettledDependency, 'ended' | 'result'>,
  ): SettledDependency | undefined {
    const extras = job.more();
    const edge = extras.after?.find((dependency) => dependency.id === id);
    if (edge === undefined) return undefined;
    const written = { id, needs: edge.needs, ...what };
    extras.after = extras.after?.map((dependency) => (dependency === edge ? written : dependency));
    return written;
  }
}
