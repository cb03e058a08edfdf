import { effectOf, whyUnblockable, type Dependency, type End } from '../../../core/dependency.js';
import type { ModelJob } from './model-job.js';

/** What a job of the model waits for, or waited for: one job, not whatever has its id later. */
export class ModelEdge {
  readonly on: ModelJob;
  readonly needs: Dependency['needs'];
  ended: End | undefined;
  result: string | undefined;

  constructor(on: ModelJob, { needs }: Dependency) {
    this.on = on;
    this.needs = needs;
  }

  settle(ended: End, result: string | undefined): void {
    this.ended = ended;
    this.result = result;
  }

  /** What is waited for has started again. */
  reopen(): void {
    this.ended = undefined;
    this.result = undefined;
  }

  /** As a record shows it. */
  shown() {
    const { ended, result } = this;
    return {
      ...{ id: this.on.record.id, needs: this.needs },
      ...(ended === undefined ? {} : { ended }),
      ...(result === undefined ? {} : { result }),
    };
  }

  /** Why it alone would have the job cancelled; `undefined` where it would not. */
  get reason(): string | undefined {
    if (this.ended === undefined) return undefined;
    const effect = effectOf(this.needs, this.ended);
    if (effect === 'met' || effect === 'free') return undefined;
    return whyUnblockable(effect, this.on.record.id, this.ended);
  }
}

/** What a blocked job becomes, by all that it waits for. */
export function verdictOf(edges: readonly ModelEdge[]): 'blocked' | 'free' | 'doomed' {
  const effects = edges.map(({ needs, ended }) => ended && effectOf(needs, ended));
  if (effects.includes('free')) return 'free';
  if (effects.includes('cancel')) return 'doomed';
  if (effects.includes(undefined)) return 'blocked';
  return effects.includes('lapsed') ? 'doomed' : 'free';
}
